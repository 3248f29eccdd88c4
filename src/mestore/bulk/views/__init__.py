"""What clients see of jobs, and what files need of the catalogue."""
