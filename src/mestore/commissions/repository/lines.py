"""SQL of the fees of order lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionLine, CommissionStatus
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected

_INSERT = insert(Commission).inline()
_MOVE = (
    update(Commission)
    .where(
        Commission.order_id == bindparam("of_order"),
        Commission.status.in_(bindparam("from_statuses", expanding=True)),
    )
    .values(status=bindparam("to_status"))
)
_BY_VENDOR = (
    select(Commission.vendor_id, func.sum(Commission.amount_minor), func.sum(Commission.tax_minor))
    .where(Commission.order_id == bindparam("of_order"))
    .group_by(Commission.vendor_id)
    .order_by(Commission.vendor_id)
)
_is_reversed = Commission.status == CommissionStatus.REVERSED
_APPROVE = (
    update(Commission)
    .where(
        Commission.order_id == bindparam("of_order"),
        Commission.vendor_id == bindparam("of_vendor"),
        Commission.status.in_((CommissionStatus.PENDING, CommissionStatus.REVERSED)),
        Commission.approved_at.is_(None),
    )
    .values(
        # What was given up stays so; were it owed again, its part is released all the same.
        status=case((_is_reversed, CommissionStatus.REVERSED), else_=CommissionStatus.APPROVED),
        approved_at=bindparam("moment"),
    )
)
_MARK_PAID = (
    update(Commission)
    .where(
        Commission.vendor_id == bindparam("of_vendor"),
        Commission.status == CommissionStatus.APPROVED,
        Commission.approved_at <= bindparam("until", type_=UtcDateTime),
    )
    .values(status=CommissionStatus.PAID, paid_at=bindparam("moment"))
)

_LINES = (
    select(
        Commission.id,
        Commission.order_item_id,
        Commission.vendor_id,
        Commission.base_minor,
        Commission.amount_minor,
        Commission.tax_minor,
        Commission.refunded_base_minor,
        Commission.refunded_amount_minor,
        Commission.refunded_tax_minor,
        Commission.is_kept_on_refund,
    )
    .where(
        Commission.order_id == bindparam("of_order"),
        Commission.order_item_id.in_(bindparam("items", expanding=True)),
    )
    .order_by(Commission.id)
    .with_for_update()
)
_REVERSE = (
    update(Commission)
    .where(
        Commission.id == bindparam("of_line"), Commission.refunded_base_minor == bindparam("before")
    )
    .values(
        refunded_base_minor=bindparam("base"),
        refunded_amount_minor=bindparam("amount"),
        refunded_tax_minor=bindparam("tax"),
        status=case(
            (bindparam("is_whole", type_=Boolean), CommissionStatus.REVERSED),
            # What was given up whole is owed again, and stands where it would without that.
            (_is_reversed & Commission.paid_at.is_not(None), CommissionStatus.PAID),
            (_is_reversed & Commission.approved_at.is_not(None), CommissionStatus.APPROVED),
            (_is_reversed, CommissionStatus.PENDING),
            else_=Commission.status,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class CommissionRepository:
    """Commission lines of orders."""

    connection: AsyncConnection

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the lines of one order in one statement."""
        await add_rows(self.connection, _INSERT, rows)

    async def move(
        self, order_id: int, come_from: Sequence[CommissionStatus], to: CommissionStatus
    ) -> bool:
        """Move all lines of an order that stand in one of `come_from`."""
        values = {"of_order": order_id, "from_statuses": list(come_from), "to_status": to}
        return await affected(self.connection, _MOVE, **values) > 0

    async def by_vendor(self, order_id: int) -> list[tuple[UUID, int, int]]:
        """Return vendor, commission and its IVA of an order, in minor units."""
        rows = await self.connection.execute(_BY_VENDOR, {"of_order": order_id})
        return [(vendor, int(amount), int(tax)) for vendor, amount, tax in rows]

    async def lock_lines(self, order_id: int, item_ids: Sequence[int]) -> list[CommissionLine]:
        """Hold the commissions of some lines of an order until the transaction ends."""
        values = {"of_order": order_id, "items": list(item_ids)}
        rows: Sequence[Sequence[Any]] = (await self.connection.execute(_LINES, values)).all()
        return [CommissionLine(*row) for row in rows]

    async def reverse(
        self, line: CommissionLine, base_minor: int, amount_minor: int, tax_minor: int
    ) -> bool:
        """Set what was given up of a line in all; False where another refund was faster."""
        values = {
            "of_line": line.id,
            "before": line.refunded_base_minor,
            "base": base_minor,
            "amount": amount_minor,
            "tax": tax_minor,
            "is_whole": base_minor == line.base_minor and not line.is_kept_on_refund,
        }
        return await affected(self.connection, _REVERSE, **values) == 1

    async def approve(self, order_id: int, vendor_id: UUID, moment: datetime) -> None:
        """Note that a vendor's part of an order may be drawn: what is pending is approved."""
        values = {"of_order": order_id, "of_vendor": vendor_id, "moment": moment}
        await affected(self.connection, _APPROVE, **values)

    async def mark_paid(self, vendor_id: UUID, until: datetime, moment: datetime) -> int:
        """Note a vendor's fees that were approved by `until` as paid; return how many."""
        values = {"of_vendor": vendor_id, "until": until, "moment": moment}
        return await affected(self.connection, _MARK_PAID, **values)
