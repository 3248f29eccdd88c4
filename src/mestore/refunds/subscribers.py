"""What refunds do when something happens elsewhere."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from mestore.accounts.events import UserErased
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.messages import Task
from mestore.refunds.service.transfer import forget_accounts

LOOK_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ForgetAccounts(Task):
    """Delete what is left of the bank accounts of somebody whose data were erased."""

    user_id: UUID


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Delete the bank accounts of somebody whose personal data were erased."""
    await on_forget_accounts(tx, ForgetAccounts(event.user_id))


async def on_forget_accounts(tx: Tx, task: ForgetAccounts) -> None:
    """Delete them but where money is owed still: that one is needed until it was transferred."""
    if not await forget_accounts(tx, task.user_id):
        tx.enqueue(task, run_at=now() + LOOK_AGAIN_AFTER)
