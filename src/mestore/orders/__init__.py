"""Orders: what was ordered, its parts by vendor, and its history.

Owns the tables orders, order_items, vendor_orders, order_changes.
Publishes OrderPlaced, OrderPaid, OrderCancelled, OrderDelivered; listens to nothing.
"""
