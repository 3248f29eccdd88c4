"""The use cases of refunds, a file each."""
