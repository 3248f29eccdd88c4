"""Search: what a shopper's words mean, and which public products they mean.

Owns the tables search_* and, where the shop has them, the vectors in a vector store.
Publishes Searched.
Listens to ProductPublished, ProductChanged, ProductArchived. Price, stock, rating and whether a
product is public are read from the catalogue itself, so only words can be out of date.
"""
