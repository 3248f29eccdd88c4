"""Payments: what is to be paid, each try at a gateway, and the signals that come back.

Owns the tables payments, payment_attempts, gateway_events, payment_exceptions.
Publishes SignalReceived; listens to nothing.
"""
