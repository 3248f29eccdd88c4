"""Notifications: the mails and SMS that follow from what happened to orders and accounts.

Owns the table mails. Publishes nothing; listens to OrderPlaced, OrderPaid, ReviewOpened,
ReviewDecided, CodeRequested, PasswordResetRequested and PasswordChanged. Messages that hold a
secret are sent and never stored.
"""
