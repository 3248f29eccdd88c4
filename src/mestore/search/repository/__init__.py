"""Every SQL statement that writes search."""
