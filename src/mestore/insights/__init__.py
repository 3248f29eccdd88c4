"""Insights: what sells with what, how each product does by day, and what would do it good.

Owns the tables product_pairs, popular_products, product_days, vendor_days, best_products and
ranked_spans. Publishes nothing. A periodic job computes the first two from the paid orders.
product_days and its sums vendor_days count views as they are answered, and listen to AddedToCart,
OrderPaid, OrderRefunded; another job ranks them: best_products, ranked_spans.
"""
