"""The catalogue as clients see it: read-only SQL, a constant number of statements each."""
