"""Disputes: money that a bank takes back, and the claims of buyers that ask for it.

Owns the tables disputes, dispute_parts, dispute_lines, dispute_evidence, dispute_changes.
Publishes DisputeOpened and DisputeClosed; listens to DisputeSignalReceived.
"""
