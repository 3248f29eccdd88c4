"""Payments: one open attempt per order, every signal stored once, every outcome applied once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError

from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7
from mestore.ledger.service import LedgerService
from mestore.payments.errors import AlreadyPaid, PaymentInProgress
from mestore.payments.events import signal_of
from mestore.payments.polling import FIRST_POLL, next_poll
from mestore.payments.repository import PaymentRepository, ScreeningRepository
from mestore.payments.service.screening import Screened
from mestore.payments.types import (
    FINAL_PAYMENT,
    PAID_STATUSES,
    AttemptState,
    AttemptStatus,
    Notice,
    Outcome,
    PaymentMethod,
    PaymentStatus,
    StoredEvent,
    Verdict,
)
from mestore.payments.types.screening import Ruling
from mestore.payments.types.stranded import ExceptionEnd, ExceptionKind

BLOCKED_FOR = timedelta(minutes=15)
"""How long a pending attempt keeps another from beginning: a buyer may leave the bank's page."""


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
        screened: Screened | None = None,
        buyer_id: UUID | None = None,
    ) -> AttemptState:
        """Write a new attempt with its unique reference, before any gateway is called.

        One to be reviewed is HELD, one that is refused DECLINED: no gateway hears of them.
        """
        payment_id = await self.intend(order_id, amount_minor, currency)
        number = await self.payments.count_attempts(payment_id) + 1
        reference = f"{order_number}-{number}"
        row = {
            "payment_id": payment_id,
            "number": number,
            "gateway": gateway,
            "method": method,
            "reference": reference,
            "amount_minor": amount_minor,
            "currency": currency,
            "installments": installments,
            "polls": 0,
            **_beginning(payment_id, screened),
        }
        try:
            attempt_id = await self.payments.add_attempt(row)
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise
            raise PaymentInProgress(retry_after=5) from error
        if screened is not None:
            screening = ScreeningRepository(self.tx.connection)
            await screening.add_traces(attempt_id, buyer_id, screened.screening.clues)
        if row["status"] is AttemptStatus.DECLINED:
            await self.payments.set_payment(payment_id, PaymentStatus.DECLINED)
        attempt = await self.payments.find_by_reference(reference)
        if attempt is None:
            raise LookupError(reference)
        return attempt

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

    async def blocking(
        self, order_id: int, wanted: PaymentMethod | None = None
    ) -> AttemptState | None:
        """Return the open attempt that keeps another of this order from beginning.

        Beside an old one another may begin, but no second voucher of the `wanted` method while the
        first can be paid. Holds the payment's row, which is always taken before the order's: who
        settles does so too.
        """
        found = await self.payments.lock_payment_of(order_id)
        if found is None:
            return None
        if found[1] in PAID_STATUSES:
            raise AlreadyPaid
        blocking = await self.payments.find_blocking(found[0])
        if blocking is None or (blocking.method is wanted and blocking.has_payable_voucher(now())):
            return blocking
        is_freed = await self.payments.unblock(found[0], now() - BLOCKED_FOR)
        return None if is_freed else blocking

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
            await self.payments.add_exception(_entry(ExceptionKind.NEVER_ENDED, attempt, attempt))

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
        if not attempt.is_open:
            return await self._lose(attempt, outcome)
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

    async def _lose(self, attempt: AttemptState | None, outcome: Outcome) -> Verdict:
        """Queue the void of money that is here, or lies in a queue, unless it is our own refund."""
        if outcome.status is not AttemptStatus.VOIDED:
            return Verdict.REPEATED
        entry = await self.payments.find_stranded(outcome.gateway, outcome.transaction_id)
        if entry is not None:
            # Cash goes back by transfer: a counter that annuls it pays it a second time.
            is_cash = attempt is None or attempt.method.is_cash
            is_ours = entry.resolution is ExceptionEnd.REFUND and not is_cash
        elif attempt is not None and attempt.status is AttemptStatus.APPROVED:
            is_ours = attempt.payment_status is PaymentStatus.REFUNDED
        else:
            return Verdict.REPEATED
        if is_ours:
            return Verdict.REPEATED
        await self.payments.add_exception(_entry(ExceptionKind.VOIDED_LATER, attempt, outcome))
        return Verdict.QUEUED

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
            return await self._lose(None, outcome)
        return await self._strand(ExceptionKind.ORPHAN, None, outcome)

    async def _strand(
        self, kind: ExceptionKind, attempt: AttemptState | None, outcome: Outcome
    ) -> Verdict:
        """Queue money that is here and has no use, and post it: no peso is outside the books."""
        if not await self.payments.add_exception(_entry(kind, attempt, outcome)):
            return Verdict.REPEATED
        await LedgerService(self.tx).post_unapplied(
            outcome.gateway,
            outcome.transaction_id,
            attempt.order_id if attempt else None,
            outcome.amount_minor,
            outcome.currency,
        )
        return Verdict.QUEUED

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
        self.tx.publish(signal_of(notice.kind, event_id))
        return True

    async def unread(self, event_id: int) -> StoredEvent | None:
        """Return a stored signal that nobody has acted on yet."""
        event = await self.payments.find_event(event_id)
        return event if event and event.handled_at is None else None

    async def mark_read(self, event_id: int, result: str) -> None:
        """Write down what came of a signal."""
        await self.payments.end_event(event_id, result)


def _entry(
    kind: ExceptionKind, attempt: AttemptState | None, about: Outcome | AttemptState
) -> dict[str, Any]:
    """Return the entry of a queue: what it is about says how much, the attempt whose it is."""
    return {
        "kind": kind,
        "gateway": about.gateway,
        "transaction_id": about.transaction_id or about.reference,
        "reference": about.reference,
        "order_id": attempt.order_id if attempt else None,
        "amount_minor": about.amount_minor,
        "currency": about.currency,
    }


def _beginning(payment_id: UUID, screened: Screened | None) -> dict[str, Any]:
    """Return the columns of a new attempt that follow from its screening."""
    moment, status = now(), AttemptStatus.CREATED
    if screened is not None and screened.ruling is not Ruling.PASS:
        is_refused = screened.ruling is Ruling.REFUSE
        status = AttemptStatus.DECLINED if is_refused else AttemptStatus.HELD
    return {
        "status": status,
        "open_key": None if status is AttemptStatus.DECLINED else payment_id,
        "decline_code": "FRAUD_SCREENING" if status is AttemptStatus.DECLINED else None,
        "fraud_score": screened.screening.score if screened else None,
        "fraud_reasons": msgspec.to_builtins(screened.screening.hits) if screened else None,
        # The first poll resolves an attempt whose process died before the gateway answered.
        "poll_at": moment + FIRST_POLL if status is AttemptStatus.CREATED else None,
        "created_at": moment,
        "updated_at": moment,
    }
