"""What vendors do when something happens elsewhere."""

from mestore.accounts.events import UserErased
from mestore.kernel.db import Tx
from mestore.vendors.errors import NotAVendor
from mestore.vendors.service import VendorService

ERASED = "Its owner's account was erased."


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Close the shop of somebody whose personal data were erased; its name stays on invoices."""
    vendors = VendorService(tx)
    try:
        vendor = await vendors.of_user(event.user_id)
    except NotAVendor:
        return
    await vendors.suspend(vendor.id, ERASED)
    await vendors.update_profile(vendor.id, {"phone": ""})
