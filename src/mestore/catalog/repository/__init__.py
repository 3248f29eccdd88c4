"""Every SQL statement that writes the catalogue, and the reads that writing needs."""
