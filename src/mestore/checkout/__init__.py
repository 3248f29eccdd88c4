"""Checkout: the process that places an order and the one that settles its payment.

Owns no table: it moves carts, inventory, orders, commissions, payments and the ledger together,
each time in one transaction. Listens to SignalReceived and OrderCancelled; its jobs poll gateways
and expire unpaid orders.
"""
