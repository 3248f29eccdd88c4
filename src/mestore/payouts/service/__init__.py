"""The use cases of payouts, a file each."""
