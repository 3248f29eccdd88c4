"""What payouts do when something happens elsewhere."""

from mestore.accounts.events import UserErased
from mestore.kernel.db import Tx
from mestore.payouts.service.accounts import forget_account


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Delete the bank account of somebody whose personal data were erased."""
    await forget_account(tx, event.user_id)
