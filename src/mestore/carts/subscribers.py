"""What carts do when something happens elsewhere."""

from mestore.accounts.events import SignedIn
from mestore.carts.service import CartService
from mestore.carts.types import CartOwner
from mestore.kernel.db import Tx


async def on_signed_in(tx: Tx, event: SignedIn) -> None:
    """Give a user who signs in what the device collected before."""
    await CartService(tx).merge(CartOwner(event.user_id, event.guest_session))
