"""The verbs of checkout, one file each: place, cancel, pay, settle, ask."""
