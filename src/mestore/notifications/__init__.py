"""Notifications: the mails that follow from what happened to orders.

Owns the table mails. Publishes nothing; listens to OrderPlaced and OrderPaid.
"""
