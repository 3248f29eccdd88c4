"""Commissions: what the operator earns on each order line.

Owns the tables commissions.
Publishes nothing; listens to nothing.
"""
