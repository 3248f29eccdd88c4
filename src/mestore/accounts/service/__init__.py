"""The use cases of accounts, one file a subject."""
