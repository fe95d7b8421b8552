"""What every room needs and what needs none of them: errors, files, reading, names, arguments, intervals."""
