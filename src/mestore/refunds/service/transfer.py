"""Refunds by bank transfer: the buyer says where to, staff says that it was made."""

from dataclasses import asdict

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.db import Tx
from mestore.refunds.errors import BankAccountMissing, NoTransferDue, RefundNotFound
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.finish import succeed
from mestore.refunds.types import BankAccount, Refund, RefundState


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
    if refund.state is not RefundState.TRANSFER_DUE:
        raise NoTransferDue(state=refund.state.value)
    if await refunds.find_account(refund_id) is None:
        raise BankAccountMissing(id=refund_id)
    done = await succeed(tx, refund, RefundState.TRANSFERRED, bank_reference=bank_reference)
    if not done:
        raise NoTransferDue(state=RefundState.TRANSFERRED.value)
    after = {"bank_reference": bank_reference, "amount_minor": refund.amount_minor}
    record(tx, Act.REFUND_TRANSFERRED, Subject.REFUND, refund_id, after=after)


async def _get(refunds: RefundRepository, refund_id: int) -> Refund:
    found = await refunds.find(refund_id)
    if found is None:
        raise RefundNotFound
    return found
