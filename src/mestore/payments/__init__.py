"""Payments: what is to be paid, each try at a gateway, and the signals that come back.

Owns the tables payments, payment_attempts, payment_traces, fraud_rules, payment_reviews,
gateway_events, payment_exceptions, efecty_vouchers, efecty_payments, efecty_collections,
voucher_lookups. Publishes SignalReceived, ReviewOpened, ReviewDecided; listens to UserErased.
"""
