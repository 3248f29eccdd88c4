"""What makes vectors, and where they are kept."""
