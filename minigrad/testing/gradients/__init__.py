"""Is a gradient right?  It is compared with differences, and a wrong one explained."""
