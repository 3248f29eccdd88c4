"""Every SQL statement that writes interests, and the reads that writing needs."""
