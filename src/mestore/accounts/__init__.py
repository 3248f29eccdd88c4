"""Accounts: users, their sessions, and what they agreed to.

Owns the tables users, sessions, refresh_tokens, sign_in_failures, consents.
Publishes SignedIn, UserRegistered; listens to nothing.
"""
