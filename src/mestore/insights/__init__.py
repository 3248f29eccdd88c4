"""Insights: what sells with what, and what is worth showing to whom.

Owns the tables product_pairs and popular_products.
Publishes nothing; a periodic job computes both tables from the paid orders.
"""
