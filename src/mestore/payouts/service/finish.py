"""The end of a payout: one conditional update, then exactly one entry, paid or returned."""

from collections.abc import Collection

from mestore.commissions.service import CommissionService
from mestore.earnings.service import EarningsService
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    EntryKind,
    Posting,
    bank_account,
    vendor_available_account,
    vendor_payout_account,
)
from mestore.payouts.events import PayoutPaid, PayoutReturned
from mestore.payouts.repository.payouts import PayoutRepository
from mestore.payouts.types import Channel, Payout, PayoutState


async def pay_out(
    tx: Tx,
    payout: Payout,
    come_from: Collection[PayoutState],
    channel: Channel,
    bank_reference: str | None,
) -> bool:
    """Note that the money reached the vendor, once; False where the payout stands elsewhere."""
    ledger = LedgerService(tx)
    await ledger.lock_vendors([payout.vendor_id])
    moment = now()
    moved = await PayoutRepository(tx.connection).move(
        payout.id,
        come_from,
        PayoutState.PAID,
        in_batch=payout.batch_id,
        channel=channel,
        bank_reference=bank_reference,
        paid_at=moment,
        ended_at=moment,
    )
    if not moved:
        return False
    postings = [
        Posting(vendor_payout_account(payout.vendor_id), payout.amount_minor),
        Posting(bank_account(channel.value.lower()), -payout.amount_minor),
    ]
    key = f"payout:{payout.id}:paid"
    await ledger.transfer(EntryKind.PAYOUT, key, None, payout.currency, postings)
    until = await EarningsService(tx).drawn_until(
        payout.vendor_id, payout.created_at, payout.amount_minor
    )
    if until is not None:
        await CommissionService(tx).mark_paid(payout.vendor_id, until)
    tx.publish(PayoutPaid(payout.id, payout.vendor_id, payout.amount_minor))
    return True


async def give_back(
    tx: Tx,
    payout: Payout,
    come_from: Collection[PayoutState],
    to: PayoutState,
    *,
    reason: str | None = None,
    code: str | None = None,
) -> bool:
    """End a payout whose money never left, once: it is available to the vendor again."""
    ledger = LedgerService(tx)
    await ledger.lock_vendors([payout.vendor_id])
    moved = await PayoutRepository(tx.connection).move(
        payout.id,
        come_from,
        to,
        in_batch=payout.batch_id,
        reason=reason,
        code=code,
        ended_at=now(),
    )
    if not moved:
        return False
    postings = [
        Posting(vendor_payout_account(payout.vendor_id), payout.amount_minor),
        Posting(vendor_available_account(payout.vendor_id), -payout.amount_minor),
    ]
    key = f"payout:{payout.id}:returned"
    await ledger.transfer(EntryKind.PAYOUT, key, None, payout.currency, postings)
    why = reason or code
    tx.publish(PayoutReturned(payout.id, payout.vendor_id, payout.amount_minor, to.value, why))
    return True
