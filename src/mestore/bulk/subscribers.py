"""What bulk work does when something happens elsewhere."""

from mestore.accounts.events import UserErased
from mestore.bulk.service.jobs import JobService
from mestore.kernel.db import Tx


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Delete the jobs of somebody whose personal data were erased."""
    await JobService(tx).forget_user(event.user_id)
