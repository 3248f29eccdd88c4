"""Payments: one open attempt per order, every signal stored once, every outcome applied once."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7
from mestore.ledger.service import LedgerService
from mestore.payments.errors import (
    AlreadyPaid,
    AlreadyResolved,
    ExceptionNotFound,
    PaymentInProgress,
    PaymentRefused,
)
from mestore.payments.events import SignalReceived
from mestore.payments.fraud import WINDOW, FraudPolicy, Screening, clues_of, screen
from mestore.payments.polling import FIRST_POLL, next_poll, was_not_received
from mestore.payments.repository import PaymentRepository
from mestore.payments.types import (
    FINAL_PAYMENT,
    PAID_STATUSES,
    AttemptState,
    AttemptStatus,
    ExceptionEnd,
    ExceptionKind,
    Notice,
    Outcome,
    Payer,
    PaymentMethod,
    PaymentStatus,
    StoredEvent,
    StrandedMoney,
    Verdict,
)

BLOCKED_FOR = timedelta(minutes=15)
"""How long a pending attempt keeps another from beginning: a buyer may leave the bank's page."""


class Attempts:
    """Reads attempts on any connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.payments = PaymentRepository(connection)

    async def latest(self, order_id: int) -> AttemptState | None:
        """Return the youngest attempt of an order."""
        return await self.payments.find_latest(order_id)

    async def order_of(self, payment_id: UUID) -> int | None:
        """Return the order that a payment is for, by its intent id."""
        return await self.payments.find_order(payment_id)

    async def latest_of_payment(self, payment_id: UUID) -> AttemptState | None:
        """Return the youngest attempt of a payment, by its intent id."""
        return await self.payments.find_latest_of_payment(payment_id)

    async def taking(self, order_id: int) -> AttemptState | None:
        """Return the approved attempt whose money an order has."""
        return await self.payments.find_taking(order_id)

    async def by_reference(self, reference: str) -> AttemptState | None:
        """Return the attempt with our unique reference."""
        return await self.payments.find_by_reference(reference)

    async def open_of_order(self, order_id: int) -> list[AttemptState]:
        """Return the attempts of an order that may still bring money."""
        return await self.payments.all_open(order_id)

    async def due(self, most: int) -> list[AttemptState]:
        """Return attempts whose gateway should be asked by now."""
        return await self.payments.all_due(now(), most)


class Queues:
    """The named queues of money that did not arrive as it should."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.payments = PaymentRepository(connection)

    async def get(self, exception_id: int) -> StrandedMoney:
        """Return an entry; raises `ExceptionNotFound`."""
        found = await self.payments.find_exception(exception_id)
        if found is None:
            raise ExceptionNotFound
        return found

    async def old(
        self, kind: ExceptionKind, until: datetime, after: int, most: int
    ) -> list[StrandedMoney]:
        """Return open entries from before `until`, the first ones after id `after`."""
        return await self.payments.all_old(kind, until, after, most)

    async def end(
        self, exception_id: int, how: ExceptionEnd, reason: str, actor_id: UUID | None
    ) -> None:
        """Give an open entry its one end; raises `AlreadyResolved` where it has one."""
        if not await self.payments.end_exception(exception_id, how, reason, actor_id):
            raise AlreadyResolved


class PaymentService:
    """The only writer of payments."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.payments = PaymentRepository(tx.connection)

    async def open_attempt(
        self,
        order_id: int,
        order_number: str,
        amount_minor: int,
        currency: str,
        gateway: str,
        method: PaymentMethod,
        installments: int,
        screening: Screening | None = None,
    ) -> AttemptState:
        """Write a new attempt with its unique reference, before any gateway is called."""
        payment_id = await self.intend(order_id, amount_minor, currency)
        number = await self.payments.count_attempts(payment_id) + 1
        reference = f"{order_number}-{number}"
        created = now()
        row = {
            "payment_id": payment_id,
            "number": number,
            "open_key": payment_id,
            "gateway": gateway,
            "method": method,
            "reference": reference,
            "status": AttemptStatus.CREATED,
            "amount_minor": amount_minor,
            "currency": currency,
            "installments": installments,
            "fraud_score": screening.score if screening else None,
            "fraud_reasons": list(screening.reasons) if screening else None,
            "polls": 0,
            # The first poll resolves an attempt whose process died before the gateway answered.
            "poll_at": created + FIRST_POLL,
            "created_at": created,
            "updated_at": created,
        }
        try:
            attempt_id = await self.payments.add_attempt(row)
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise
            raise PaymentInProgress(retry_after=5) from error
        if screening is not None:
            await self.payments.add_traces(attempt_id, screening.clues)
        attempt = await self.payments.find_by_reference(reference)
        if attempt is None:
            raise LookupError(reference)
        return attempt

    async def screen(self, payer: Payer, amount_minor: int) -> Screening:
        """Score what is about to be tried; raises `PaymentRefused` from the chosen score on."""
        policy, clues = self.tx.policy(FraudPolicy), clues_of(payer)
        found = screen(policy, clues, await self.payments.seen(clues, now() - WINDOW), amount_minor)
        if found.score >= policy.refuse_from:
            raise PaymentRefused
        return found

    async def intend(self, order_id: int, amount_minor: int, currency: str) -> UUID:
        """Make the payment of an order ready, once, and return its id."""
        found = await self.payments.lock_payment_of(order_id)
        if found is None:
            payment_id, moment = uuid7(), now()
            row = {
                "id": payment_id,
                "order_id": order_id,
                "amount_minor": amount_minor,
                "currency": currency,
                "status": PaymentStatus.PENDING,
                "created_at": moment,
                "updated_at": moment,
            }
            if await self.payments.add_payment(row):
                return payment_id
            found = await self.payments.lock_payment_of(order_id)
            if found is None:
                raise PaymentInProgress(retry_after=5)
        if found[1] in PAID_STATUSES:
            raise AlreadyPaid
        return found[0]

    async def blocking(self, order_id: int) -> AttemptState | None:
        """Return the open attempt that keeps another of this order from beginning.

        Holds the payment's row, which is always taken before the order's: who settles does so too.
        """
        found = await self.payments.lock_payment_of(order_id)
        if found is None:
            return None
        if found[1] in PAID_STATUSES:
            raise AlreadyPaid
        if await self.payments.unblock(found[0], now() - BLOCKED_FOR):
            return None
        return await self.payments.find_blocking(found[0])

    async def close(self, attempt: AttemptState, status: AttemptStatus, code: str) -> None:
        """End an attempt that surely brought no money, unless a signal ended it meanwhile."""
        paid = await self.payments.lock_payment(attempt.payment_id)
        closed = await self.payments.set_open_attempt(
            attempt.id, status=status, decline_code=code[:100], open_key=None, poll_at=None
        )
        if closed and paid not in PAID_STATUSES:
            await self.payments.set_payment(attempt.payment_id, FINAL_PAYMENT[status])

    async def postpone(self, attempt: AttemptState, status: AttemptStatus) -> None:
        """Note that the gateway said nothing final, and when to ask again."""
        poll_at = next_poll(attempt, status)
        await self.payments.lock_payment(attempt.payment_id)
        waits = await self.payments.set_open_attempt(
            attempt.id, status=status, polls=attempt.polls + 1, poll_at=poll_at
        )
        if waits and poll_at is None:
            await self._queue(ExceptionKind.NEVER_ENDED, attempt, attempt.transaction_id or "")

    def not_received(self, attempt: AttemptState) -> bool:
        """Say whether a gateway that knows nothing of an attempt may be believed by now."""
        return was_not_received(attempt)

    async def apply(self, outcome: Outcome) -> tuple[Verdict, AttemptState | None]:
        """Apply what a gateway said, once and never backwards, under the payment's row."""
        attempt = await self.payments.find_by_reference(outcome.reference)
        if attempt is None:
            return await self._orphan(outcome), None
        await self.payments.lock_payment(attempt.payment_id)
        # Read again: another signal may have been applied while this one waited for the row.
        attempt = await self.payments.find_by_reference(outcome.reference) or attempt
        if outcome.status is AttemptStatus.APPROVED:
            return await self._approve(attempt, outcome), attempt
        if outcome.status in FINAL_PAYMENT:
            return await self._end(attempt, outcome), attempt
        return await self._keep_waiting(attempt, outcome), attempt

    async def _approve(self, attempt: AttemptState, outcome: Outcome) -> Verdict:
        if attempt.status is AttemptStatus.APPROVED:
            if attempt.transaction_id == outcome.transaction_id:
                return Verdict.REPEATED
            return await self._strand(ExceptionKind.SECOND_APPROVAL, attempt, outcome)
        if (outcome.amount_minor, outcome.currency) != (attempt.amount_minor, attempt.currency):
            # The attempt stays blocking: nobody pays twice while the operator decides.
            await self.payments.set_attempt(
                attempt.id, status=AttemptStatus.ERROR, decline_code="AMOUNT_MISMATCH", poll_at=None
            )
            return await self._strand(ExceptionKind.AMOUNT_MISMATCH, attempt, outcome)
        await self.payments.set_attempt(
            attempt.id,
            status=AttemptStatus.APPROVED,
            transaction_id=outcome.transaction_id,
            open_key=None,
            poll_at=None,
        )
        if attempt.payment_status in PAID_STATUSES:
            return await self._strand(ExceptionKind.SECOND_APPROVAL, attempt, outcome)
        await self.payments.set_payment(attempt.payment_id, PaymentStatus.APPROVED)
        return Verdict.APPROVED

    async def _end(self, attempt: AttemptState, outcome: Outcome) -> Verdict:
        if attempt.status is AttemptStatus.APPROVED:
            is_own_refund = attempt.payment_status is PaymentStatus.REFUNDED
            if outcome.status is AttemptStatus.VOIDED and not is_own_refund:
                await self._queue(ExceptionKind.VOIDED_LATER, attempt, outcome.transaction_id)
                return Verdict.QUEUED
            return Verdict.REPEATED
        if not attempt.is_open:
            return Verdict.REPEATED
        await self.payments.set_attempt(
            attempt.id,
            status=outcome.status,
            transaction_id=outcome.transaction_id,
            decline_code=outcome.decline_code,
            open_key=None,
            poll_at=None,
        )
        if attempt.payment_status not in PAID_STATUSES:
            await self.payments.set_payment(attempt.payment_id, FINAL_PAYMENT[outcome.status])
        return Verdict.NOTED

    async def _keep_waiting(self, attempt: AttemptState, outcome: Outcome) -> Verdict:
        if not attempt.is_open:
            return Verdict.REPEATED
        # A gateway that stops naming the address says nothing new.
        payment_url = outcome.payment_url or attempt.payment_url
        voucher = msgspec.to_builtins(outcome.voucher) if outcome.voucher else attempt.voucher
        ends = (outcome.voucher and outcome.voucher.expires_at) or attempt.expires_at
        known = (attempt.status, attempt.transaction_id, attempt.payment_url, attempt.voucher)
        if known == (AttemptStatus.PENDING, outcome.transaction_id, payment_url, voucher):
            return Verdict.REPEATED
        # Never None here: only `postpone` ends the polls, and then tells a person.
        poll_at = next_poll(attempt, AttemptStatus.PENDING) or now()
        await self.payments.set_attempt(
            attempt.id,
            status=AttemptStatus.PENDING,
            transaction_id=outcome.transaction_id,
            payment_url=payment_url,
            voucher=voucher,
            expires_at=ends,
            poll_at=poll_at,
        )
        if attempt.payment_status not in PAID_STATUSES:
            await self.payments.set_payment(attempt.payment_id, PaymentStatus.PENDING)
        return Verdict.NOTED

    async def strand_late(self, attempt: AttemptState, outcome: Outcome) -> None:
        """Queue an approval whose order can no longer be fulfilled."""
        await self._strand(ExceptionKind.LATE_APPROVAL, attempt, outcome)

    async def _orphan(self, outcome: Outcome) -> Verdict:
        if outcome.status is not AttemptStatus.APPROVED:
            return Verdict.REPEATED
        return await self._strand(ExceptionKind.ORPHAN, None, outcome)

    async def _strand(
        self, kind: ExceptionKind, attempt: AttemptState | None, outcome: Outcome
    ) -> Verdict:
        """Queue money that is here and has no use, and post it: no peso is outside the books."""
        order_id = attempt.order_id if attempt else None
        row = {
            "kind": kind,
            "gateway": outcome.gateway,
            "transaction_id": outcome.transaction_id,
            "reference": outcome.reference,
            "order_id": order_id,
            "amount_minor": outcome.amount_minor,
            "currency": outcome.currency,
        }
        if not await self.payments.add_exception(row):
            return Verdict.REPEATED
        await LedgerService(self.tx).post_unapplied(
            outcome.gateway,
            outcome.transaction_id,
            order_id,
            outcome.amount_minor,
            outcome.currency,
        )
        return Verdict.QUEUED

    async def _queue(self, kind: ExceptionKind, attempt: AttemptState, transaction: str) -> None:
        row = {
            "kind": kind,
            "gateway": attempt.gateway,
            "transaction_id": transaction or attempt.reference,
            "reference": attempt.reference,
            "order_id": attempt.order_id,
            "amount_minor": attempt.amount_minor,
            "currency": attempt.currency,
        }
        await self.payments.add_exception(row)

    async def hold(self, order_id: int) -> None:
        """Hold the payment of an order until the transaction ends."""
        await self.payments.lock_payment_of(order_id)

    async def unblock(self, attempt: AttemptState) -> None:
        """Let another attempt begin beside one whose money was dealt with."""
        await self.payments.lock_payment(attempt.payment_id)
        await self.payments.set_attempt(attempt.id, open_key=None)

    async def note_refunded(self, order_id: int) -> None:
        """Say that all the money of a payment went back."""
        found = await self.payments.lock_payment_of(order_id)
        if found is not None:
            await self.payments.set_payment(found[0], PaymentStatus.REFUNDED)

    async def receive(self, gateway: str, notice: Notice, body: bytes) -> bool:
        """Store a verified signal; False where it was stored before. Only a new one is acted on."""
        row = {
            "gateway": gateway,
            "event_key": notice.event_key,
            "transaction_id": notice.transaction_id,
            "kind": notice.kind,
            "object_id": notice.object_id,
            "body": body,
            "received_at": now(),
        }
        event_id = await self.payments.add_event(row)
        if event_id is None:
            return False
        self.tx.publish(SignalReceived(event_id))
        return True

    async def unread(self, event_id: int) -> StoredEvent | None:
        """Return a stored signal that nobody has acted on yet."""
        event = await self.payments.find_event(event_id)
        return event if event and event.handled_at is None else None

    async def mark_read(self, event_id: int, result: str) -> None:
        """Write down what came of a signal."""
        await self.payments.end_event(event_id, result)
