"""Shipping: what sending an order costs its buyer. Owns no table; publishes nothing."""
