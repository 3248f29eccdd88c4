"""What people decide about a payout: approve, reject, call off, note that it was paid by hand."""

from uuid import UUID

from sqlalchemy.exc import DBAPIError

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.payouts.errors import (
    AlreadyApprovedByYou,
    OwnPayout,
    PayoutNotFound,
    PayoutNotPossible,
)
from mestore.payouts.repository.payouts import PayoutRepository
from mestore.payouts.service.finish import give_back, pay_out
from mestore.payouts.types import Channel, Payout, PayoutPolicy, PayoutState
from mestore.vendors.service import VendorService

_REQUESTED = (PayoutState.REQUESTED,)
_NOT_SENT = (PayoutState.REQUESTED, PayoutState.APPROVED)


async def approve(tx: Tx, payout_id: UUID, user_id: UUID) -> None:
    """Give one person's word; the last one needed makes the payout APPROVED.

    Raises `OwnPayout` for who asked for it or owns the shop, `AlreadyApprovedByYou` for a second
    time, `PayoutNotPossible` where it does not wait for approval.
    """
    payouts = PayoutRepository(tx.connection)
    payout = await _of_others(tx, payout_id, user_id)
    moment = now()
    if not await payouts.count_approval(payout_id, moment):
        await _refuse(payouts, payout_id, "approved")
    try:
        async with tx.connection.begin_nested():
            await payouts.add_approval(payout_id, user_id, moment)
    except DBAPIError as error:
        if fault_of(error) is Fault.UNIQUE:
            raise AlreadyApprovedByYou from error
        raise
    # The count holds the row: nobody else approves until this commits.
    counted = await _get(payouts, payout_id)
    if counted.approvals >= _needed(tx.policy(PayoutPolicy), payout):
        to = PayoutState.APPROVED
        await payouts.move(payout_id, _REQUESTED, to, in_batch=None, approved_at=moment)
    after = {"approvals": counted.approvals, "amount_minor": payout.amount_minor}
    record(tx, Act.PAYOUT_APPROVED, Subject.PAYOUT, payout_id, after=after)


async def reject(tx: Tx, payout_id: UUID, user_id: UUID, reason: str) -> None:
    """End a payout that was not sent; its money is available again."""
    payout = await _of_others(tx, payout_id, user_id)
    payouts = PayoutRepository(tx.connection)
    is_free = payout.batch_id is None
    to = PayoutState.REJECTED
    if not is_free or not await give_back(tx, payout, _NOT_SENT, to, reason=reason):
        await _refuse(payouts, payout_id, "rejected")
    after = {"reason": reason, "amount_minor": payout.amount_minor}
    record(tx, Act.PAYOUT_REJECTED, Subject.PAYOUT, payout_id, after=after)


async def cancel(tx: Tx, payout_id: UUID, vendor_id: UUID) -> None:
    """Call off one's own payout while nobody has decided about it."""
    payouts = PayoutRepository(tx.connection)
    payout = await _get(payouts, payout_id)
    if payout.vendor_id != vendor_id:
        raise PayoutNotFound
    if not await give_back(tx, payout, _REQUESTED, PayoutState.CANCELLED):
        await _refuse(payouts, payout_id, "cancelled")
    after = {"amount_minor": payout.amount_minor}
    record(tx, Act.PAYOUT_CANCELLED, Subject.PAYOUT, payout_id, after=after)


async def pay_by_hand(tx: Tx, payout_id: UUID, user_id: UUID, bank_reference: str) -> None:
    """Note that an approved payout was transferred by hand."""
    payout = await _of_others(tx, payout_id, user_id)
    payouts = PayoutRepository(tx.connection)
    approved = (PayoutState.APPROVED,)
    is_free = payout.batch_id is None
    if not is_free or not await pay_out(tx, payout, approved, Channel.MANUAL, bank_reference):
        await _refuse(payouts, payout_id, "paid")
    after = {"bank_reference": bank_reference, "amount_minor": payout.amount_minor}
    record(tx, Act.PAYOUT_PAID, Subject.PAYOUT, payout_id, after=after)


def _needed(policy: PayoutPolicy, payout: Payout) -> int:
    return 2 if payout.amount_minor >= policy.four_eyes_from_minor else 1


async def _of_others(tx: Tx, payout_id: UUID, user_id: UUID) -> Payout:
    """Return a payout about which this person may decide."""
    payout = await _get(PayoutRepository(tx.connection), payout_id)
    owner = await VendorService(tx).get(payout.vendor_id)
    if user_id in {payout.requested_by, owner.user_id}:
        raise OwnPayout
    return payout


async def _get(payouts: PayoutRepository, payout_id: UUID) -> Payout:
    found = await payouts.find(payout_id)
    if found is None:
        raise PayoutNotFound
    return found


async def _refuse(payouts: PayoutRepository, payout_id: UUID, act: str) -> None:
    found = await _get(payouts, payout_id)
    raise PayoutNotPossible(state=found.state.value, act=act)
