"""Inventory: where stock lies, and the one place that changes it.

Owns the tables stock_locations, stock_levels, stock_movements, stock_reservations.
Publishes LowStock; listens to nothing.
"""
