"""A simulator of PayU Latam in Colombia: payments, queries, refunds and signed confirmations."""
