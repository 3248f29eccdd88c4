"""Where tests place orders and settle payments, through the same services as the API."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import column, func, select, table, update

from mestore.checkout.service.place import place
from mestore.checkout.service.settle import settle
from mestore.checkout.types import OrderRequest, Owner, WantedLine
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job
from mestore.ledger.models import Account, Entry, Line
from mestore.operations.doctor import examine
from mestore.orders.models import Order
from mestore.orders.service import OrderProgress
from mestore.orders.types import Address, FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.models import Attempt, PaymentException
from mestore.payments.service import PaymentService
from mestore.payments.types import (
    AttemptState,
    AttemptStatus,
    Outcome,
    PaymentMethod,
    Verdict,
)
from tests.build import Build, BuiltProduct, BuiltUser
from tests.checkout import bank

HOME = Address(
    name="Persona Ejemplo",
    phone="+573001234567",
    address="Calle 100 # 8A - 55",
    city="Bogotá, D.C.",
    state="Bogotá, D.C.",
)
SHIPPING = {
    "shipping_name": "Persona Ejemplo",
    "shipping_phone": "+57 300 123 4567",
    "shipping_address": "Calle 100 # 8A - 55",
    "shipping_city": "Bogotá, D.C.",
    "shipping_state": "Bogotá, D.C.",
    "customer_email": "guest@example.com",
}
"""What a client sends with the items of an order."""
GUEST = "guest-session-0001"
EMAIL = "guest@example.com"
TABLES = (
    "orders",
    "order_items",
    "vendor_orders",
    "order_changes",
    "stock_reservations",
    "commissions",
    "jobs",
    "payments",
    "payment_attempts",
    "ledger_entries",
    "idempotency_keys",
)

Wanted = BuiltProduct | tuple[BuiltProduct, int] | WantedLine


def wanted_line(wanted: Wanted) -> WantedLine:
    """Return the line that asks for one unit of a product, or for so many."""
    if isinstance(wanted, WantedLine):
        return wanted
    product, quantity = wanted if isinstance(wanted, tuple) else (wanted, 1)
    return WantedLine(product.id, None, quantity)


def request_for(*wanted: Wanted, **changes: object) -> OrderRequest:
    """Return an order request; without lines it is for the cart."""
    items = tuple(wanted_line(one) for one in wanted) or None
    return replace(OrderRequest(items, HOME, EMAIL), **changes)  # type: ignore[arg-type]


def owner_of(user: BuiltUser, session: str | None = None) -> Owner:
    """Return a signed-in buyer."""
    return Owner(user.id, session, user.email)


def guest(session: str = GUEST) -> Owner:
    """Return a guest."""
    return Owner(None, session, None)


@dataclass(frozen=True)
class Till:
    """Every step opens a transaction of its own, as requests and jobs do."""

    database: Database
    build: Build

    async def place(
        self, *wanted: Wanted, owner: Owner | None = None, **more: object
    ) -> PlacedOrder:
        """Place an order, by default of a guest."""
        async with self.database.transaction() as tx:
            return await place(tx, owner or guest(), request_for(*wanted, **more))

    async def attempt(
        self, order: PlacedOrder, method: PaymentMethod = PaymentMethod.PSE
    ) -> AttemptState:
        """Begin to pay, as `pay` does before it calls the gateway."""
        async with self.database.transaction() as tx:
            return await PaymentService(tx).open_attempt(
                order.id,
                order.order_number,
                order.draft.total_minor,
                order.draft.currency,
                bank.CODE,
                method,
                1,
            )

    async def settle(self, outcome: Outcome) -> Verdict:
        """Apply what a gateway said."""
        async with self.database.transaction() as tx:
            return await settle(tx, outcome)

    async def settle_approved(self, order: PlacedOrder) -> AttemptState:
        """Begin to pay an order and have that approved."""
        attempt = await self.attempt(order)
        assert await self.settle(said(attempt, AttemptStatus.APPROVED)) is Verdict.APPROVED
        return attempt

    async def advance(
        self, order: PlacedOrder, to: OrderStatus, vendor_id: UUID | None = None
    ) -> None:
        """Move one vendor's part, or all parts that are behind, one step on."""
        async with self.database.transaction() as tx:
            await OrderProgress(tx).advance(order.id, to, None, vendor_id=vendor_id)

    async def deliver(self, order: PlacedOrder, vendor_id: UUID | None = None) -> None:
        """Send a paid order, or one vendor's part, and have it arrive."""
        for to in (OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED):
            await self.advance(order, to, vendor_id)

    async def free(self, order: PlacedOrder) -> None:
        """Let another attempt begin beside the open ones, as after a quarter of an hour."""
        async with self.database.transaction() as tx:
            await tx.connection.execute(update(Attempt).values(open_key=None))

    async def due(self, order_id: int, ago: timedelta = timedelta(seconds=1)) -> None:
        """Let the time of an order be over."""
        change = update(Order).where(Order.id == order_id).values(expires_at=now() - ago)
        async with self.database.transaction() as tx:
            await tx.connection.execute(change)

    async def stands(self, order_id: int) -> tuple[OrderStatus, FinancialStatus]:
        """Return both statuses of an order."""
        query = select(Order.status, Order.financial_status).where(Order.id == order_id)
        async with self.database.read() as connection:
            status, financial = (await connection.execute(query)).one()
        return status, financial

    async def attempts(self, order_id: int) -> list[AttemptStatus]:
        """Return how the attempts of an order stand, the oldest first."""
        payments = table("payments", column("id"), column("order_id"))
        query = (
            select(Attempt.status)
            .join(payments, payments.c.id == Attempt.payment_id)
            .where(payments.c.order_id == order_id)
            .order_by(Attempt.id)
        )
        async with self.database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def queues(self) -> list[tuple[str, str, int]]:
        """Return the exceptions: kind, transaction and amount, the oldest first."""
        query = select(
            PaymentException.kind, PaymentException.transaction_id, PaymentException.amount_minor
        ).order_by(PaymentException.id)
        async with self.database.read() as connection:
            return [
                (kind.value, of, amount) for kind, of, amount in await connection.execute(query)
            ]

    async def balances(self) -> dict[str, int]:
        """Return what lies on every account that is not level."""
        query = (
            select(Account.code, func.sum(Line.amount_minor))
            .join(Line, Line.account_id == Account.id)
            .group_by(Account.code)
        )
        async with self.database.read() as connection:
            rows = await connection.execute(query)
            return {code: int(total) for code, total in rows if total}

    async def entries(self) -> list[str]:
        """Return the business keys of all entries, the oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(Entry.business_key).order_by(Entry.id))
            return list(rows.scalars())

    async def sent(self) -> Counter[tuple[str, str]]:
        """Return how often each message was sent to each handler."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(Job.message, Job.handler))
            return Counter((message, handler) for message, handler in rows)

    async def counts(self) -> dict[str, int]:
        """Return how many rows each table has that placing and settling write."""
        async with self.database.read() as connection:
            return {
                name: (
                    await connection.execute(select(func.count()).select_from(table(name)))
                ).scalar_one()
                for name in TABLES
            }

    async def doctor(self) -> list[str]:
        """Return what disagrees."""
        async with self.database.read() as connection:
            return await examine(connection)


def said(attempt: AttemptState, status: AttemptStatus, **changes: object) -> Outcome:
    """Return what the gateway says of an attempt."""
    outcome = Outcome(
        gateway=attempt.gateway,
        reference=attempt.reference,
        transaction_id=f"t-{attempt.reference}",
        status=status,
        amount_minor=attempt.amount_minor,
        currency=attempt.currency,
    )
    return replace(outcome, **changes)  # type: ignore[arg-type]


def vendor_account(vendor_id: UUID) -> str:
    """Return the code of a vendor's pending account."""
    return f"vendor:{vendor_id}:pending"
