"""The checks of an operation: its cases, the properties, and the search."""
