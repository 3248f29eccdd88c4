"""Vendors: the businesses that sell, and whether they may.

Owns the table vendors.
Publishes VendorApproved, VendorSuspended; listens to UserErased.
"""
