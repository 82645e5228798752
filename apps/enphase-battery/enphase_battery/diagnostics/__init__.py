"""What a person, or who helps them, has to know: the check before a start, and the report of a running app."""
