"""Every SQL statement that reads for insights."""
