"""Ledger: double entry, only ever added to.

Owns the tables ledger_accounts, ledger_entries, ledger_lines.
Publishes nothing; listens to nothing.
"""
