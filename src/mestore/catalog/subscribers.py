"""What the catalogue does when a vendor may or may not sell any more."""

from mestore.catalog.service.products import CatalogService
from mestore.kernel.db import Tx
from mestore.vendors.events import VendorApproved, VendorSuspended
from mestore.vendors.service import VendorService
from mestore.vendors.types import VendorStatus


async def on_vendor_moved(tx: Tx, event: VendorApproved | VendorSuspended) -> None:
    """Show a vendor's approved products, or hide them from lists and from being bought.

    Events may come late and out of order, so the vendor's present status decides.
    """
    vendor = await VendorService(tx).get(event.vendor_id)
    is_shown = vendor.status is VendorStatus.APPROVED
    await CatalogService(tx).show_vendor(vendor.id, is_shown=is_shown)
