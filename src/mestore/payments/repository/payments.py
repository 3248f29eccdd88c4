"""Every SQL statement of payments, their attempts, signals and queues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import affected, inserted_id, unless_taken
from mestore.payments.models import (
    Attempt,
    GatewayEvent,
    Payment,
    PaymentException,
    PaymentReview,
)
from mestore.payments.repository.once import insert_once
from mestore.payments.types import (
    OPEN_STATUSES,
    AttemptState,
    AttemptStatus,
    PaymentStatus,
    StoredEvent,
)
from mestore.payments.types.stranded import (
    ExceptionEnd,
    ExceptionKind,
    ExceptionState,
    StrandedMoney,
)

_STRANDED = (
    ExceptionKind.SECOND_APPROVAL,
    ExceptionKind.LATE_APPROVAL,
    ExceptionKind.AMOUNT_MISMATCH,
    ExceptionKind.ORPHAN,
)
_IS_STRANDED = and_(
    PaymentException.kind.in_(_STRANDED),
    or_(PaymentException.resolution.is_(None), PaymentException.resolution != ExceptionEnd.REVIVE),
)
_ATTEMPTS: Select[*tuple[Any, ...]] = (
    select(
        Attempt.id,
        Attempt.payment_id,
        Payment.order_id,
        Attempt.gateway,
        Attempt.method,
        Attempt.reference,
        Attempt.transaction_id,
        Attempt.status,
        Attempt.amount_minor,
        Attempt.currency,
        Attempt.payment_url,
        Attempt.polls,
        Attempt.created_at,
        Payment.status.label("payment_status"),
        Attempt.expires_at,
        Attempt.voucher,
        Attempt.fraud_score,
        Attempt.fraud_reasons,
        PaymentReview.state.label("review"),
    )
    .join(Payment, Payment.id == Attempt.payment_id)
    .outerjoin(PaymentReview, PaymentReview.order_id == Payment.order_id)
)
_BY_REFERENCE = _ATTEMPTS.where(Attempt.reference == bindparam("reference"))
_BLOCKING = _ATTEMPTS.where(Attempt.open_key == bindparam("payment_id"))
_OPEN_OF_ORDER = _ATTEMPTS.where(
    Payment.order_id == bindparam("order_id"), Attempt.status.in_(OPEN_STATUSES)
).order_by(Attempt.id)
_LATEST_OF_ORDER = (
    _ATTEMPTS.where(Payment.order_id == bindparam("order_id")).order_by(Attempt.id.desc()).limit(1)
)
_LATEST_OF_PAYMENT = (
    _ATTEMPTS.where(Attempt.payment_id == bindparam("payment_id"))
    .order_by(Attempt.id.desc())
    .limit(1)
)
_TAKING = (
    _ATTEMPTS.where(
        Payment.order_id == bindparam("order_id"),
        Attempt.status == AttemptStatus.APPROVED,
        ~exists().where(
            PaymentException.gateway == Attempt.gateway,
            PaymentException.transaction_id == Attempt.transaction_id,
            _IS_STRANDED,
        ),
    )
    .order_by(Attempt.id)
    .limit(1)
)
_EXCEPTION = select(*(getattr(PaymentException, each.name) for each in fields(StrandedMoney)))
_EXCEPTION_BY_ID = _EXCEPTION.where(PaymentException.id == bindparam("exception_id"))
_STRANDED_OF = _EXCEPTION.where(
    PaymentException.gateway == bindparam("gateway"),
    PaymentException.transaction_id == bindparam("transaction_id"),
    _IS_STRANDED,
).limit(1)
_VOID_OF = select(PaymentException.id).where(
    PaymentException.gateway == bindparam("gateway"),
    PaymentException.transaction_id == bindparam("transaction_id"),
    PaymentException.kind == ExceptionKind.VOIDED_LATER,
)
_OLD_EXCEPTIONS = (
    _EXCEPTION.where(
        PaymentException.state == ExceptionState.OPEN,
        PaymentException.kind == bindparam("of_kind"),
        PaymentException.created_at <= bindparam("until"),
        PaymentException.id > bindparam("after"),
    )
    .order_by(PaymentException.id)
    .limit(bindparam("most"))
)
_END_EXCEPTION = (
    update(PaymentException)
    .where(
        PaymentException.id == bindparam("of_exception"),
        PaymentException.state == ExceptionState.OPEN,
    )
    .values(
        state=ExceptionState.RESOLVED,
        resolution=bindparam("new_resolution"),
        reason=bindparam("new_reason"),
        resolved_by=bindparam("new_by"),
        resolved_at=bindparam("moment"),
    )
)
_DUE = (
    _ATTEMPTS.where(Attempt.poll_at <= bindparam("moment"))
    .order_by(Attempt.poll_at)
    .limit(bindparam("most"))
)
_LOCK_PAYMENT_OF_ORDER = (
    select(Payment.id, Payment.status)
    .where(Payment.order_id == bindparam("order_id"))
    .with_for_update()
)
_LOCK_PAYMENT = (
    select(Payment.status).where(Payment.id == bindparam("payment_id")).with_for_update()
)
_EVENT = select(
    GatewayEvent.id,
    GatewayEvent.gateway,
    GatewayEvent.transaction_id,
    GatewayEvent.received_at,
    GatewayEvent.handled_at,
    GatewayEvent.kind,
    GatewayEvent.object_id,
).where(GatewayEvent.id == bindparam("event_id"))


@dataclass(frozen=True, slots=True)
class PaymentRepository:
    """Payments, attempts, signals and exceptions."""

    connection: AsyncConnection

    async def lock_payment_of(self, order_id: int) -> tuple[UUID, PaymentStatus] | None:
        """Hold the payment of an order, if it has one yet, and return its status."""
        rows = await self.connection.execute(_LOCK_PAYMENT_OF_ORDER, {"order_id": order_id})
        row = rows.one_or_none()
        return None if row is None else (row.id, row.status)

    async def lock_payment(self, payment_id: UUID) -> PaymentStatus:
        """Hold the payment's row until the transaction ends, and return its status."""
        rows = await self.connection.execute(_LOCK_PAYMENT, {"payment_id": payment_id})
        status: PaymentStatus = rows.scalar_one()
        return status

    async def find_order(self, payment_id: UUID) -> int | None:
        """Return the order that a payment is for."""
        query = select(Payment.order_id).where(Payment.id == payment_id)
        found: int | None = (await self.connection.execute(query)).scalar_one_or_none()
        return found

    async def add_payment(self, row: Mapping[str, Any]) -> bool:
        """Write the payment of an order; False where another request was first."""
        return await insert_once(self.connection, insert(Payment), row)

    async def set_payment(self, payment_id: UUID, status: PaymentStatus) -> None:
        """Set the status of a payment whose row is held."""
        change = update(Payment).where(Payment.id == payment_id)
        await affected(self.connection, change.values(status=status, updated_at=now()))

    async def count_attempts(self, payment_id: UUID) -> int:
        """Return how many attempts a payment has had."""
        query = select(func.count()).where(Attempt.payment_id == payment_id)
        return int((await self.connection.execute(query)).scalar_one())

    async def add_attempt(self, row: Mapping[str, Any]) -> int:
        """Write an attempt and return its id; its unique `open_key` lets only one be open."""
        return await inserted_id(self.connection, insert(Attempt), row)

    async def set_attempt(self, attempt_id: int, **values: object) -> None:
        """Change an attempt."""
        change = update(Attempt).where(Attempt.id == attempt_id)
        await affected(self.connection, change.values(updated_at=now(), **values))

    async def set_open_attempt(self, attempt_id: int, **values: object) -> bool:
        """Change an attempt that is still open; False where a signal ended it meanwhile."""
        change = update(Attempt).where(Attempt.id == attempt_id, Attempt.status.in_(OPEN_STATUSES))
        values = {"updated_at": now(), **values}
        return await affected(self.connection, change.values(**values)) == 1

    async def unblock(self, payment_id: UUID, created_before: datetime) -> bool:
        """Let a new attempt begin beside an old one that is still open."""
        free = update(Attempt).where(
            Attempt.open_key == payment_id,
            Attempt.created_at < created_before,
            Attempt.status == AttemptStatus.PENDING,
        )
        return await affected(self.connection, free.values(open_key=None)) == 1

    async def find_by_reference(self, reference: str) -> AttemptState | None:
        """Return the attempt with our unique reference."""
        return await self._find(_BY_REFERENCE, reference=reference)

    async def find_blocking(self, payment_id: UUID) -> AttemptState | None:
        """Return the attempt that keeps another from beginning."""
        return await self._find(_BLOCKING, payment_id=payment_id)

    async def find_latest(self, order_id: int) -> AttemptState | None:
        """Return the youngest attempt of an order."""
        return await self._find(_LATEST_OF_ORDER, order_id=order_id)

    async def find_latest_of_payment(self, payment_id: UUID) -> AttemptState | None:
        """Return the youngest attempt of a payment."""
        return await self._find(_LATEST_OF_PAYMENT, payment_id=payment_id)

    async def all_open(self, order_id: int) -> list[AttemptState]:
        """Return the attempts of an order that may still bring money."""
        return await self._all(_OPEN_OF_ORDER, order_id=order_id)

    async def all_due(self, moment: datetime, most: int) -> list[AttemptState]:
        """Return attempts whose gateway should be asked by now, the longest due first."""
        return await self._all(_DUE, moment=moment, most=most)

    async def add_event(self, row: Mapping[str, Any]) -> int | None:
        """Store a signal and return its id; None where it was stored before."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, insert(GatewayEvent), row)
        return None

    async def find_event(self, event_id: int) -> StoredEvent | None:
        """Return a stored signal."""
        row = (await self.connection.execute(_EVENT, {"event_id": event_id})).one_or_none()
        return None if row is None else StoredEvent(*row)

    async def end_event(self, event_id: int, result: str) -> None:
        """Write down what came of a signal."""
        change = update(GatewayEvent).where(GatewayEvent.id == event_id)
        await affected(self.connection, change.values(handled_at=now(), result=result))

    async def add_exception(self, row: Mapping[str, Any]) -> bool:
        """Put money into a named queue; False where it lies there already."""
        row = {**row, "state": ExceptionState.OPEN, "created_at": now()}
        return await insert_once(self.connection, insert(PaymentException), row)

    async def find_taking(self, order_id: int) -> AttemptState | None:
        """Return the approved attempt whose money an order has."""
        return await self._find(_TAKING, order_id=order_id)

    async def find_exception(self, exception_id: int) -> StrandedMoney | None:
        """Return an entry of a queue."""
        rows = await self.connection.execute(_EXCEPTION_BY_ID, {"exception_id": exception_id})
        row = rows.one_or_none()
        return None if row is None else StrandedMoney(*row)

    async def find_stranded(self, gateway: str, transaction_id: str) -> StrandedMoney | None:
        """Return the entry of money that no order took."""
        values = {"gateway": gateway, "transaction_id": transaction_id}
        row = (await self.connection.execute(_STRANDED_OF, values)).one_or_none()
        return None if row is None else StrandedMoney(*row)

    async def is_voided(self, gateway: str, transaction_id: str) -> bool:
        """Say whether the gateway took the money of a transaction back itself."""
        values = {"gateway": gateway, "transaction_id": transaction_id}
        return (await self.connection.execute(_VOID_OF, values)).first() is not None

    async def all_old(
        self, kind: ExceptionKind, until: datetime, after: int, most: int
    ) -> list[StrandedMoney]:
        """Return open entries of a queue from before `until`, the first ones after id `after`."""
        values = {"of_kind": kind, "until": until, "after": after, "most": most}
        return [
            StrandedMoney(*row) for row in await self.connection.execute(_OLD_EXCEPTIONS, values)
        ]

    async def end_exception(
        self, exception_id: int, end: ExceptionEnd, reason: str, actor_id: UUID | None
    ) -> bool:
        """Give an open entry its one end; False where it has one."""
        values = {
            "of_exception": exception_id,
            "new_resolution": end,
            "new_reason": reason,
            "new_by": actor_id,
            "moment": now(),
        }
        return await affected(self.connection, _END_EXCEPTION, **values) == 1

    async def _find(self, query: Select[*tuple[Any, ...]], **values: object) -> AttemptState | None:
        row = (await self.connection.execute(query, values)).one_or_none()
        return None if row is None else AttemptState(**row._mapping)

    async def _all(self, query: Select[*tuple[Any, ...]], **values: object) -> list[AttemptState]:
        rows: Sequence[Any] = (await self.connection.execute(query, values)).all()
        return [AttemptState(**row._mapping) for row in rows]
