"""Every SQL statement that writes insights."""
