"""Carts: what a buyer or a guest means to buy, at live prices. Nothing is promised by a cart.

Owns the tables carts, cart_items.
Publishes AddedToCart; listens to SignedIn, UserErased.
"""
