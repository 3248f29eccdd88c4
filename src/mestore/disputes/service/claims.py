"""Claims that reach staff by mail, and what operator and vendors say against a dispute."""

from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.disputes.errors import (
    DisputeKnown,
    DisputeNotFound,
    DisputeTooLarge,
    EvidenceTooLate,
    NothingToDispute,
)
from mestore.disputes.repository import DisputeRepository
from mestore.disputes.service.disputes import DisputeService
from mestore.disputes.types import Claim, NewDispute
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.money import to_number
from mestore.orders.service import read_money
from mestore.payments.service import Attempts, PaymentService


async def open_claim(tx: Tx, claim: Claim, actor_id: UUID) -> int:
    """Write down a claim and return the id of its dispute."""
    await read_money(tx.connection, claim.order_id)
    await PaymentService(tx).hold(claim.order_id)
    attempt = await Attempts(tx.connection).taking(claim.order_id)
    if attempt is None:
        raise NothingToDispute
    amount = attempt.amount_minor if claim.amount_minor is None else claim.amount_minor
    if amount > attempt.amount_minor:
        raise DisputeTooLarge(paid=to_number(attempt.amount_minor))
    known = DisputeRepository(tx.connection)
    if await known.lock_by_gateway_id(attempt.gateway, claim.bank_reference) is not None:
        raise DisputeKnown(reference=claim.bank_reference)
    new = NewDispute(
        gateway=attempt.gateway,
        gateway_dispute_id=claim.bank_reference,
        reference=attempt.reference,
        order_id=claim.order_id,
        transaction_id=attempt.transaction_id or attempt.reference,
        amount_minor=amount,
        currency=attempt.currency,
        kind=claim.kind,
        reason=claim.cause.value,
        evidence_due_at=claim.evidence_due_at,
    )
    disputes = DisputeService(tx)
    dispute = await disputes.open(new, actor_id)
    if claim.is_withdrawn:
        await disputes.withdraw(dispute)
    after = {"order_id": claim.order_id, "amount_minor": amount, "kind": claim.kind}
    record(tx, Act.DISPUTE_OPENED, Subject.DISPUTE, dispute.id, after=after)
    return dispute.id


async def add_evidence(
    tx: Tx, dispute_id: int, text: str, author_id: UUID, vendor_id: UUID | None = None
) -> int:
    """Add to the evidence of a dispute that runs, and return the id of what was added.

    A vendor may speak on disputes about its own part; other ones are not there for it.
    """
    disputes = DisputeRepository(tx.connection)
    dispute = await disputes.find(dispute_id)
    if dispute is None:
        raise DisputeNotFound
    if vendor_id is not None and vendor_id not in await disputes.held_by_vendor(dispute_id):
        raise DisputeNotFound
    if not dispute.is_running:
        raise EvidenceTooLate(state=dispute.state.value)
    return await disputes.add_evidence(
        {
            "dispute_id": dispute_id,
            "vendor_id": vendor_id,
            "author_id": author_id,
            "text": text,
            "created_at": now(),
        }
    )
