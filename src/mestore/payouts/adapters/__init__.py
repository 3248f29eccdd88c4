"""The adapters of payout channels."""
