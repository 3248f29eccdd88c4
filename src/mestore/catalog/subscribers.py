"""What the catalogue does when a vendor may or may not sell any more."""

from mestore.catalog.service.products import CatalogService
from mestore.kernel.db import Tx
from mestore.vendors.events import VendorApproved, VendorSuspended


async def on_vendor_approved(tx: Tx, event: VendorApproved) -> None:
    """Show the vendor's approved products."""
    await CatalogService(tx).show_vendor(event.vendor_id, is_shown=True)


async def on_vendor_suspended(tx: Tx, event: VendorSuspended) -> None:
    """Hide the vendor's products from lists, and from being bought."""
    await CatalogService(tx).show_vendor(event.vendor_id, is_shown=False)
