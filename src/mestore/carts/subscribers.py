"""What carts do when something happens elsewhere."""

from mestore.accounts.events import SignedIn, UserErased
from mestore.carts.service import CartService
from mestore.carts.types import CartOwner
from mestore.kernel.db import Tx


async def on_signed_in(tx: Tx, event: SignedIn) -> None:
    """Give a user who signs in what the device collected before."""
    await CartService(tx).merge(CartOwner(event.user_id, event.guest_session))


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Delete the cart of somebody whose personal data were erased."""
    await CartService(tx).forget(event.user_id)
