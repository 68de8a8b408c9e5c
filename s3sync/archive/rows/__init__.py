"""Objects that come from a table: reading its rows, finding their files, sending them, and writing where they are."""
