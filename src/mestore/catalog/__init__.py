"""The catalogue: what vendors offer, in which categories, and who may see it.

Owns the tables categories, products, product_variants, product_images.
Publishes ProductPublished, ProductChanged, ProductArchived, ProductsWritten, VendorShown.
Listens to VendorApproved and VendorSuspended.
"""
