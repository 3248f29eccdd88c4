"""What people say of refunds: where a transfer goes, that it was made, how a gateway ended one."""

from dataclasses import asdict
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.db import Tx
from mestore.payments.service import Queues
from mestore.refunds.errors import (
    BankAccountMissing,
    NoTransferDue,
    NotUnderWay,
    RefundNotFound,
    TakenByBank,
    VoidedByGateway,
)
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.finish import fail, hold, is_taken, succeed
from mestore.refunds.types import ASKED_STATES, BankAccount, Refund, RefundState

SAID_BY_STAFF = "SAID_BY_STAFF"
"""The code of a refund that the gateway did not make, as its panel shows."""


async def name_account(tx: Tx, refund_id: int, account: BankAccount) -> None:
    """Note where a refund goes; a later account takes the place of an earlier one."""
    refunds = RefundRepository(tx.connection)
    due = (RefundState.TRANSFER_DUE,)
    moved = await refunds.move(refund_id, due, due[0], bank_account=asdict(account))
    if not moved:
        raise NoTransferDue(state=(await _get(refunds, refund_id)).state.value)
    after = {"bank": account.bank, "account_ends_in": account.account_number[-4:]}
    record(tx, Act.REFUND_ACCOUNT_NAMED, Subject.REFUND, refund_id, after=after)


async def note_transferred(tx: Tx, refund_id: int, bank_reference: str) -> None:
    """Note that staff transferred the money; a repeat with the same reference changes nothing."""
    refunds = RefundRepository(tx.connection)
    refund = await _get(refunds, refund_id)
    if await refunds.find_bank_reference(refund_id) == bank_reference:
        return
    if refund.state is not RefundState.TRANSFER_DUE:
        raise NoTransferDue(state=refund.state.value)
    if await refunds.find_account(refund_id) is None:
        raise BankAccountMissing(id=refund_id)
    if await is_taken(tx, refund):
        raise TakenByBank
    if await _is_voided(tx, refund):
        raise VoidedByGateway
    done = await succeed(tx, refund, RefundState.TRANSFERRED, bank_reference=bank_reference)
    if not done:
        raise NoTransferDue(state=RefundState.TRANSFERRED.value)
    after = {"bank_reference": bank_reference, "amount_minor": refund.amount_minor}
    record(tx, Act.REFUND_TRANSFERRED, Subject.REFUND, refund_id, after=after)


async def end_by_hand(tx: Tx, refund_id: int, reason: str, *, is_given: bool) -> None:
    """End a refund as the gateway's panel shows it, where its API does not tell.

    One that waits for a transfer can only be given, and only where the gateway has annulled the
    payment: the buyer has the money by that.
    """
    refunds = RefundRepository(tx.connection)
    refund = await _get(refunds, refund_id)
    await hold(tx, refund)
    # Also holds its row: an answer of the gateway that comes meanwhile waits, and changes nothing.
    if not await refunds.move(refund_id, ASKED_STATES, RefundState.UNKNOWN):
        present = await _get(refunds, refund_id)
        is_due = present.state is RefundState.TRANSFER_DUE
        if not (is_given and is_due and await _is_voided(tx, refund)):
            raise NotUnderWay(state=present.state.value)
    if is_given:
        await succeed(tx, refund, RefundState.APPROVED)
    else:
        await fail(tx, refund, RefundState.DECLINED, SAID_BY_STAFF)
    after = {"is_given": is_given, "reason": reason, "amount_minor": refund.amount_minor}
    record(tx, Act.REFUND_ENDED, Subject.REFUND, refund_id, after=after)


async def forget_accounts(tx: Tx, buyer_id: UUID) -> bool:
    """Delete a buyer's bank accounts; False where one is still needed for a transfer."""
    refunds = RefundRepository(tx.connection)
    found = await refunds.all_with_account(buyer_id)
    for refund_id, _ in found:
        await refunds.forget_account(refund_id)
    return all(state is not RefundState.TRANSFER_DUE for _, state in found)


async def _is_voided(tx: Tx, refund: Refund) -> bool:
    return await Queues(tx.connection).is_voided(refund.gateway, refund.transaction_id)


async def _get(refunds: RefundRepository, refund_id: int) -> Refund:
    found = await refunds.find(refund_id)
    if found is None:
        raise RefundNotFound
    return found
