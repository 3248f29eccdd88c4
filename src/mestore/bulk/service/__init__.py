"""What jobs do with files; one file a subject."""
