"""What reviews do when something happens elsewhere."""

from mestore.accounts.events import UserErased
from mestore.kernel.db import Tx
from mestore.reviews.service import ReviewService


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Take the name of somebody whose personal data were erased off their reviews."""
    await ReviewService(tx).forget(event.user_id)
