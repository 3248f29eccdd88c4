"""Interests: what somebody looked for and looked at, and what they want to hear of.

Owns the tables history_choices, past_searches, viewed_products, saved_searches,
saved_search_matches, published_products, price_alerts. Publishes MatchesFound, PricesDropped.
Listens to Searched, SignedIn, UserErased, ProductPublished, ProductChanged,
ProductsWritten, VendorShown.
"""
