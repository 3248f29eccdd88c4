"""What the ledger cannot accept. These are bugs of the caller, not refusals to a client."""


class Unbalanced(Exception):
    """The lines of an entry do not add up to zero."""
