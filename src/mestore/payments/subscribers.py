"""What payments do when something happens to an account."""

from mestore.accounts.events import UserErased
from mestore.kernel.db import Tx
from mestore.payments.service import ReviewService


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Delete the traces of somebody whose personal data were erased."""
    await ReviewService(tx).forget(event.user_id)
