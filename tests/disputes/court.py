"""Where tests dispute payments, through the same services as jobs and the API."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from mestore.disputes.models import DisputeChange, DisputeLine, DisputeRow
from mestore.disputes.service import DisputeService
from mestore.disputes.types import Decision, DisputeState, LossReason
from mestore.kernel.ids import uuid7
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    EntryKind,
    Posting,
    release_key,
    vendor_available_account,
    vendor_pending_account,
)
from mestore.orders.types import PlacedOrder
from mestore.payments.types import AttemptState, DisputeOutcome, DisputeStatus
from tests.checkout.till import Till

STAFF = uuid7()


def told(
    attempt: AttemptState,
    status: DisputeStatus = DisputeStatus.OPEN,
    **changes: Any,  # noqa: ANN401  any field
) -> DisputeOutcome:
    """Return what the gateway says of a dispute of an attempt; by default all of it, taken."""
    values = {
        "dispute_id": f"d-{attempt.reference}",
        "transaction_id": f"t-{attempt.reference}",
        "status": status,
        "amount_minor": attempt.amount_minor,
        "currency": attempt.currency,
        "reason": "fraudulent",
        **changes,
    }
    return DisputeOutcome(**values)


async def hear(till: Till, attempt: AttemptState, outcome: DisputeOutcome) -> str:
    """Apply what the gateway said."""
    async with till.database.transaction() as tx:
        return await DisputeService(tx).hear(attempt.gateway, outcome, attempt.reference)


async def the_id(till: Till) -> int:
    """Return the id of the only dispute."""
    async with till.database.read() as connection:
        return int((await connection.execute(select(DisputeRow.id))).scalar_one())


async def row(till: Till) -> Any:  # noqa: ANN401  a row
    """Return the only dispute."""
    async with till.database.read() as connection:
        return (await connection.execute(select(*DisputeRow.__table__.columns))).one()


async def decide(
    till: Till,
    state: DisputeState,
    *,
    loss: LossReason | None = None,
    correct: bool = False,
) -> None:
    """Decide the only dispute, as staff."""
    decision = Decision(state, "the bank wrote so", loss)
    dispute_id = await the_id(till)
    async with till.database.transaction() as tx:
        await DisputeService(tx).decide(dispute_id, decision, STAFF, correct=correct)


async def steps(till: Till) -> list[str]:
    """Return the states that disputes went through, the oldest first."""
    query = select(DisputeChange.to_state).order_by(DisputeChange.id)
    async with till.database.read() as connection:
        return [state.value for state in (await connection.execute(query)).scalars()]


async def lines(till: Till) -> int:
    """Return how many order lines banks have something of."""
    async with till.database.read() as connection:
        query = select(func.count()).select_from(DisputeLine)
        return int((await connection.execute(query)).scalar_one())


async def taken(till: Till, order: PlacedOrder) -> tuple[bool, int, int]:
    """Return whether a dispute runs, what banks took, and what of that was not left."""
    async with till.database.transaction() as tx:
        disputes = DisputeService(tx)
        return (
            await disputes.open_on(order.id),
            await disputes.taken(order.id),
            await disputes.excess(order.id),
        )


async def release(till: Till, order: PlacedOrder, vendor_id: UUID) -> None:
    """Let a vendor draw its part of an order."""
    async with till.database.transaction() as tx:
        ledger = LedgerService(tx)
        await ledger.lock_vendors([vendor_id])
        pending = vendor_pending_account(vendor_id)
        minor = await ledger.order_balance(order.id, pending)
        postings = [Posting(pending, -minor), Posting(vendor_available_account(vendor_id), minor)]
        await ledger.transfer(
            EntryKind.RELEASE, release_key(order.id, vendor_id), order.id, "COP", postings
        )
