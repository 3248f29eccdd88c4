"""The kernel knows no room: transactions, outbox, jobs, idempotency, errors, paging, money.

Owns the tables `jobs` and `idempotency_keys`. Publishes and listens to nothing.
"""
