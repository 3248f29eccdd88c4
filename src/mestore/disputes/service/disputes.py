"""Disputes from their first word to their decision; each step happens once, whoever tells it.

The payment's row is taken first, as refunds do: a refund and a dispute of one order take turns.
"""

from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID

import structlog

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.disputes.errors import DisputeDecided, DisputeNotFound
from mestore.disputes.events import DisputeClosed, DisputeOpened
from mestore.disputes.repository import DisputeRepository
from mestore.disputes.service.money import DisputeMoney
from mestore.disputes.types import (
    RUNNING,
    Decision,
    Dispute,
    DisputeKind,
    DisputeState,
    LossReason,
    NewDispute,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace
from mestore.kernel.money import CURRENCY
from mestore.orders.service import OrderService
from mestore.payments.service import Attempts, PaymentService
from mestore.payments.types import AttemptState, DisputeOutcome, DisputeStatus

log = structlog.get_logger(__name__)

ASK_EVERY = timedelta(hours=6)
_ENDS = {DisputeStatus.WON: DisputeState.WON, DisputeStatus.LOST: DisputeState.LOST}


class DisputeService:
    """The only writer of disputes."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.disputes = DisputeRepository(tx.connection)

    async def open_on(self, order_id: int) -> bool:
        """Say whether a dispute of this order still runs."""
        return await self.disputes.exists_running(order_id)

    async def taken(self, order_id: int) -> int:
        """Return what banks took of an order or hold of it, in minor units: running and lost."""
        return (await self.disputes.taken(order_id))[0]

    async def excess(self, order_id: int) -> int:
        """Return what banks took although it was not left: refunds had it, sent or not yet."""
        return (await self.disputes.taken(order_id))[1]

    async def has_taken(self, gateway: str, transaction_id: str) -> bool:
        """Say whether a bank has the money of a transaction."""
        return await self.disputes.exists_taken(gateway, transaction_id)

    async def hear(self, gateway: str, outcome: DisputeOutcome, reference: str | None) -> str:
        """Apply what a gateway said of a dispute, and return what came of it in a word.

        `reference` is ours, of the disputed payment; None where it is none of ours.
        """
        attempt = None
        if reference is not None:
            attempt = await Attempts(self.tx.connection).by_reference(reference)
        if attempt is not None:
            await PaymentService(self.tx).hold(attempt.order_id)
        if outcome.currency != (attempt.currency if attempt else CURRENCY):
            log.error("dispute_in_another_currency", dispute=outcome.dispute_id)
            return "other currency"
        dispute = await self.disputes.lock_by_gateway_id(gateway, outcome.dispute_id)
        if dispute is None:
            new = await self._of_gateway(gateway, outcome, reference, attempt)
            dispute = await self.open(new, None, poll=True)
        await self._follow(dispute, outcome)
        return outcome.status.value

    async def open(self, new: NewDispute, actor_id: UUID | None, *, poll: bool = False) -> Dispute:
        """Write down a dispute whose money is still here; the payment's row is held."""
        moment = now()
        row = {
            **asdict(new),
            "excess_minor": 0,
            "shipping_minor": 0,
            "state": DisputeState.OPEN,
            "is_withdrawn": False,
            "round": 0,
            "poll_at": moment + ASK_EVERY if poll else None,
            "created_at": moment,
            "updated_at": moment,
        }
        vendors: list[UUID] = []
        if new.order_id is not None:
            parts = await OrderService(self.tx).gross_by_vendor(new.order_id)
            vendors = [vendor for vendor, _ in parts]
        dispute_id = await self.disputes.add(row, vendors)
        await self._remember(dispute_id, None, DisputeState.OPEN, actor_id, new.reason)
        self.tx.publish(DisputeOpened(dispute_id, new.order_id, new.amount_minor))
        dispute = await self.disputes.find(dispute_id)
        if dispute is None:
            raise LookupError(dispute_id)
        return dispute

    async def withdraw(self, dispute: Dispute) -> Dispute:
        """Note that the bank took the money of a dispute that runs, once."""
        if dispute.is_withdrawn:
            return dispute
        changes = await DisputeMoney(self.tx, dispute).withdraw()
        if not await self.disputes.move(dispute, RUNNING, **changes):
            raise LostRace
        return replace(dispute, **changes)

    async def decide(
        self, dispute_id: int, decision: Decision, actor_id: UUID, *, correct: bool = False
    ) -> None:
        """Note what was decided; a repeat changes nothing.

        Raises `DisputeDecided` where it was decided otherwise before, unless this is a correction.
        """
        dispute = await self._held(dispute_id)
        if dispute.state is decision.state:
            return
        before = {"state": dispute.state}
        if dispute.is_running:
            act = Act.DISPUTE_MOVED
            await self._move(dispute, decision, actor_id)
        elif correct and decision.state not in RUNNING:
            act = Act.DISPUTE_CORRECTED
            await self._correct(dispute, decision, actor_id)
        else:
            raise DisputeDecided(state=dispute.state.value)
        after = {"state": decision.state, "reason": decision.reason}
        record(self.tx, act, Subject.DISPUTE, dispute_id, before=before, after=after)

    async def _held(self, dispute_id: int) -> Dispute:
        found = await self.disputes.find(dispute_id)
        if found is None:
            raise DisputeNotFound
        if found.order_id is not None:
            await PaymentService(self.tx).hold(found.order_id)
        # Read again: it may have been decided while this one waited for the payment.
        return await self.disputes.lock(dispute_id) or found

    async def _of_gateway(
        self,
        gateway: str,
        outcome: DisputeOutcome,
        reference: str | None,
        attempt: AttemptState | None,
    ) -> NewDispute:
        order_id = None
        if attempt is not None:
            # A second, late or wrong payment lies in a queue; no order has its money.
            taking = await Attempts(self.tx.connection).taking(attempt.order_id)
            is_of_order = taking is not None and taking.reference == attempt.reference
            order_id = attempt.order_id if is_of_order else None
        return NewDispute(
            gateway=gateway,
            gateway_dispute_id=outcome.dispute_id,
            reference=reference,
            order_id=order_id,
            transaction_id=outcome.transaction_id,
            amount_minor=outcome.amount_minor,
            currency=outcome.currency,
            kind=DisputeKind.CHARGEBACK,
            reason=outcome.reason[:100] or "unknown",
            evidence_due_at=outcome.evidence_due_at,
        )

    async def _follow(self, dispute: Dispute, outcome: DisputeOutcome) -> None:
        to = _ENDS.get(outcome.status)
        if not dispute.is_running:
            if to is not dispute.state:
                # Money moves a second time only by a person's correction.
                log.error("dispute_contradicted", dispute=dispute.id, said=outcome.status.value)
            return
        if outcome.took_funds:
            dispute = await self.withdraw(dispute)
        if to is not None:
            await self._move(dispute, Decision(to, f"{dispute.gateway} said so"), None)
        elif outcome.status is DisputeStatus.UNDER_REVIEW:
            decision = Decision(DisputeState.EVIDENCE_SENT, f"{dispute.gateway} looks into it")
            await self._move(dispute, decision, None)

    async def _move(self, dispute: Dispute, decision: Decision, actor_id: UUID | None) -> None:
        """Move a dispute that runs; money follows where that ends it."""
        if dispute.state is decision.state:
            return
        if decision.state in RUNNING:
            if await self.disputes.move(dispute, {DisputeState.OPEN}, state=decision.state):
                await self._note(dispute, decision, actor_id)
            return
        money = DisputeMoney(self.tx, dispute)
        changes = {}
        if decision.state is DisputeState.LOST:
            money = DisputeMoney(self.tx, await self.withdraw(dispute))
            changes = dict(await money.forfeit())
        elif dispute.is_withdrawn:
            changes = dict(await money.give_back())
        await self._end(dispute, RUNNING, decision, actor_id, changes)

    async def _correct(self, dispute: Dispute, decision: Decision, actor_id: UUID) -> None:
        """Turn a decision round, as often as it takes; each time is posted under its own keys."""
        if decision.state is DisputeState.WON:
            changes = dict(await DisputeMoney(self.tx, dispute).regain())
        else:
            taken = replace(dispute, round=dispute.round + 1)
            first = await DisputeMoney(self.tx, taken).withdraw()
            taken = replace(taken, **first)
            changes = {**first, **await DisputeMoney(self.tx, taken).forfeit()}
        changes["round"] = dispute.round + 1
        await self._end(dispute, {dispute.state}, decision, actor_id, changes)

    async def _end(
        self,
        dispute: Dispute,
        come_from: frozenset[DisputeState] | set[DisputeState],
        decision: Decision,
        actor_id: UUID | None,
        changes: dict[str, object],
    ) -> None:
        is_won = decision.state is DisputeState.WON
        values = {
            **changes,
            "state": decision.state,
            "loss_reason": None if is_won else decision.loss_reason or _why_lost(dispute),
            "poll_at": None,
            "decided_by": actor_id,
            "decided_at": now(),
        }
        if not await self.disputes.move(dispute, come_from, **values):
            raise LostRace
        await self._note(dispute, decision, actor_id)
        self.tx.publish(DisputeClosed(dispute.id, dispute.order_id, dispute.amount_minor, is_won))

    async def _note(self, dispute: Dispute, decision: Decision, actor_id: UUID | None) -> None:
        await self._remember(
            dispute.id, dispute.state, decision.state, actor_id, decision.reason[:300]
        )

    async def _remember(
        self,
        dispute_id: int,
        come_from: DisputeState | None,
        to: DisputeState,
        actor_id: UUID | None,
        reason: str,
    ) -> None:
        await self.disputes.add_change(
            {
                "dispute_id": dispute_id,
                "from_state": come_from,
                "to_state": to,
                "actor_id": actor_id,
                "reason": reason,
                "created_at": now(),
            }
        )


def _why_lost(dispute: Dispute) -> LossReason:
    """Return whether a gateway's decision came because nothing was sent in time."""
    due = dispute.evidence_due_at
    is_late = dispute.state is DisputeState.OPEN and due is not None and due <= now()
    return LossReason.EXPIRED if is_late else LossReason.DECIDED
