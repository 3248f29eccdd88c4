"""The audit log: who did what to which thing, from where, before and after.

Owns the tables `audit_entries` and `audit_head`; nothing here changes or deletes an entry.
Publishes nothing; listens to `Acted` of accounts.
"""
