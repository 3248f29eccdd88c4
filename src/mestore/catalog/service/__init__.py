"""What can be done with the catalogue; one file a subject."""
