"""Earnings: when a vendor may draw what it earned, what it has, and its statements.

Owns the tables releases, vendor_terms, vendor_adjustments.
Publishes nothing; listens to OrderDelivered.
"""
