"""Every SQL statement that writes refunds, and the reads that writing needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Uuid,
    bindparam,
    column,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import add_rows, affected, inserted_id
from mestore.refunds.models import RefundLine, RefundRow
from mestore.refunds.types import (
    OPEN_STATES,
    PAID_STATES,
    OpenUnits,
    PlannedLine,
    Refund,
    RefundState,
)

_REFUND = select(*(getattr(RefundRow, each.name) for each in fields(Refund)))
_BY_ID = _REFUND.where(RefundRow.id == bindparam("refund_id"))
_BY_GATEWAY_ID = _REFUND.where(
    RefundRow.gateway == bindparam("of_gateway"),
    RefundRow.gateway_refund_id == bindparam("object_id"),
)
_OPEN_OF_TRANSACTION = _REFUND.where(
    RefundRow.gateway == bindparam("of_gateway"),
    RefundRow.transaction_id == bindparam("transaction_id"),
    RefundRow.poll_at.is_not(None),
).order_by(RefundRow.id)
_DUE = (
    _REFUND.where(RefundRow.poll_at <= bindparam("moment"))
    .order_by(RefundRow.poll_at)
    .limit(bindparam("most"))
)
_LINES = (
    select(*(getattr(RefundLine, each.name) for each in fields(PlannedLine)))
    .where(RefundLine.refund_id == bindparam("refund_id"))
    .order_by(RefundLine.id)
)
_OPEN_LINES = (
    select(RefundLine.variant_id, RefundLine.quantity, RefundLine.restock, RefundRow.created_at)
    .join(RefundRow, RefundRow.id == RefundLine.refund_id)
    .where(RefundRow.order_id == bindparam("order_id"), RefundRow.state.in_(OPEN_STATES))
    .order_by(RefundRow.id.desc(), RefundLine.id)
)
_COUNT = select(func.count()).where(RefundRow.order_id == bindparam("order_id"))
_PAID = select(func.coalesce(func.sum(RefundRow.amount_minor), 0)).where(
    RefundRow.order_id == bindparam("order_id"), RefundRow.state.in_(PAID_STATES)
)
_ORDERS = table("orders", column("id", BigInteger), column("buyer_id", Uuid))
_WITH_ACCOUNT = (
    select(RefundRow.id, RefundRow.state)
    .join(_ORDERS, _ORDERS.c.id == RefundRow.order_id)
    .where(_ORDERS.c.buyer_id == bindparam("of_buyer"), RefundRow.bank_account.is_not(None))
    .order_by(RefundRow.id)
)
_FORGET_ACCOUNT = (
    update(RefundRow)
    .where(RefundRow.id == bindparam("of_refund"), RefundRow.state != RefundState.TRANSFER_DUE)
    .values(bank_account=None)
)
_OWE = (
    update(RefundRow)
    .where(RefundRow.order_id == bindparam("of_order"), RefundRow.state.in_(OPEN_STATES))
    .values(is_owed=True)
)
_BANK_REFERENCE = select(RefundRow.bank_reference).where(RefundRow.id == bindparam("refund_id"))
_ACCOUNT = select(RefundRow.bank_account).where(RefundRow.id == bindparam("refund_id"))


@dataclass(frozen=True, slots=True)
class RefundRepository:
    """Refunds with their lines."""

    connection: AsyncConnection

    async def add(self, row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> int:
        """Write a refund with its lines and return its id."""
        refund_id = await inserted_id(self.connection, insert(RefundRow), row)
        if lines:
            rows = [{**line, "refund_id": refund_id} for line in lines]
            await add_rows(self.connection, insert(RefundLine).inline(), rows)
        return refund_id

    async def find(self, refund_id: int) -> Refund | None:
        """Return a refund."""
        return await self._one(_BY_ID, refund_id=refund_id)

    async def find_by_gateway_id(self, gateway: str, object_id: str) -> Refund | None:
        """Return the refund that a gateway knows by this id."""
        return await self._one(_BY_GATEWAY_ID, of_gateway=gateway, object_id=object_id)

    async def all_open_of(self, gateway: str, transaction_id: str) -> list[Refund]:
        """Return the refunds of a transaction whose gateway has yet to say how they ended."""
        values = {"of_gateway": gateway, "transaction_id": transaction_id}
        rows = await self.connection.execute(_OPEN_OF_TRANSACTION, values)
        return [Refund(*row) for row in rows]

    async def all_due(self, moment: datetime, most: int) -> list[Refund]:
        """Return refunds to be sent or asked about by now, the longest due first."""
        rows = await self.connection.execute(_DUE, {"moment": moment, "most": most})
        return [Refund(*row) for row in rows]

    async def all_lines(self, refund_id: int) -> list[PlannedLine]:
        """Return the lines of a refund."""
        rows = await self.connection.execute(_LINES, {"refund_id": refund_id})
        return [PlannedLine(*row) for row in rows]

    async def open_units(self, order_id: int) -> list[OpenUnits]:
        """Return what refunds of an order that have not ended would give back, the newest first."""
        rows = await self.connection.execute(_OPEN_LINES, {"order_id": order_id})
        return [OpenUnits(*row) for row in rows]

    async def count(self, order_id: int) -> int:
        """Return how many refunds an order has had."""
        return int((await self.connection.execute(_COUNT, {"order_id": order_id})).scalar_one())

    async def paid(self, order_id: int) -> int:
        """Return what of an order has surely gone back, in minor units."""
        return int((await self.connection.execute(_PAID, {"order_id": order_id})).scalar_one())

    async def find_account(self, refund_id: int) -> dict[str, Any] | None:
        """Return the bank account that a refund goes to, if somebody gave one."""
        rows = await self.connection.execute(_ACCOUNT, {"refund_id": refund_id})
        found: dict[str, Any] | None = rows.scalar_one_or_none()
        return found

    async def find_bank_reference(self, refund_id: int) -> str | None:
        """Return what a bank calls the transfer of a refund, if it was made."""
        rows = await self.connection.execute(_BANK_REFERENCE, {"refund_id": refund_id})
        found: str | None = rows.scalar_one_or_none()
        return found

    async def all_with_account(self, buyer_id: UUID) -> list[tuple[int, RefundState]]:
        """Return id and state of a buyer's refunds that have a bank account."""
        rows = await self.connection.execute(_WITH_ACCOUNT, {"of_buyer": buyer_id})
        return [(refund_id, state) for refund_id, state in rows]

    async def forget_account(self, refund_id: int) -> None:
        """Delete the bank account of a refund that waits for no transfer."""
        await affected(self.connection, _FORGET_ACCOUNT, of_refund=refund_id)

    async def owe(self, order_id: int) -> None:
        """Let the refunds of an order that are under way end with the money going back."""
        await affected(self.connection, _OWE, of_order=order_id)

    async def move(
        self, refund_id: int, come_from: Collection[RefundState], to: RefundState, **more: object
    ) -> bool:
        """Change a refund's state if it still stands in one of `come_from`."""
        change = update(RefundRow).where(RefundRow.id == refund_id, RefundRow.state.in_(come_from))
        values = {"state": to, "updated_at": now(), **more}
        return await affected(self.connection, change.values(**values)) == 1

    async def _one(self, query: Any, **values: object) -> Refund | None:  # noqa: ANN401  a statement
        row = (await self.connection.execute(query, values)).one_or_none()
        return None if row is None else Refund(*row)
