"""The words of insights, one file a subject."""
