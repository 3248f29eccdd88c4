"""Reading attempts and the named queues, on any connection."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.payments.errors import AlreadyResolved, ExceptionNotFound
from mestore.payments.repository import PaymentRepository
from mestore.payments.types import AttemptState
from mestore.payments.types.stranded import ExceptionEnd, ExceptionKind, StrandedMoney


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

    async def is_voided(self, gateway: str, transaction_id: str) -> bool:
        """Say whether the gateway took the money of a transaction back itself."""
        return await self.payments.is_voided(gateway, transaction_id)

    async def end(
        self, exception_id: int, how: ExceptionEnd, reason: str, actor_id: UUID | None
    ) -> None:
        """Give an open entry its one end; raises `AlreadyResolved` where it has one."""
        if not await self.payments.end_exception(exception_id, how, reason, actor_id):
            raise AlreadyResolved
