"""The S3 simulator: one public bucket, signed writes, failures on demand."""
