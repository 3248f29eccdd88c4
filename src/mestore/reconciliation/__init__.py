"""Reconciliation: each day, what the gateways say they took against payments and ledger.

Owns the tables reconciliation_runs and reconciliation_differences.
Publishes nothing; listens to nothing.
"""
