"""Commissions are frozen with the order, owed once it is paid, dropped when it is called off.

A vendor's part is approved when it may be drawn, and paid with its payout.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mestore.commissions.repository.lines import CommissionRepository
from mestore.commissions.service.tariff import Tariff
from mestore.commissions.types import (
    CommissionLine,
    CommissionStatus,
    Fee,
    FeeBase,
    RowValues,
    Sale,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace


@dataclass(frozen=True, slots=True)
class CommissionBase:
    """An order line as commissions are told of it, in minor units.

    `net_minor` is its price without IVA, `gross_minor` with it; `unit_price_minor` is what the
    shop shows for one. What is left out is as if the line were one unit without IVA.
    """

    order_item_id: int
    vendor_id: UUID
    net_minor: int
    gross_minor: int | None = None
    unit_price_minor: int | None = None
    quantity: int = 1
    product_id: UUID | None = None

    def sale(self, at: datetime) -> Sale:
        """Return what the line itself tells the rules."""
        gross = self.net_minor if self.gross_minor is None else self.gross_minor
        price = self.net_minor if self.unit_price_minor is None else self.unit_price_minor
        return Sale(
            self.vendor_id, self.net_minor, gross, price, self.quantity, at, self.product_id
        )


@dataclass(frozen=True, slots=True)
class VendorCommission:
    """What the operator keeps of one vendor's part of an order, in minor units."""

    vendor_id: UUID
    amount_minor: int
    tax_minor: int


class CommissionService:
    """Quotes, confirms, approves and cancels the commissions of orders."""

    def __init__(self, tx: Tx) -> None:
        self.commissions = CommissionRepository(tx.connection)
        self.tariff = Tariff(tx)

    async def quote(self, order_id: int, lines: Sequence[CommissionBase]) -> None:
        """Freeze the fees of each line under the rules that hold now.

        One statement more than writing them where no rule looks beyond the line, two at most.
        """
        created = now()
        sales = [line.sale(created) for line in lines]
        rows = []
        for line, (sale, fees) in zip(lines, await self.tariff.of(sales, created), strict=True):
            for fee in fees:
                rows.append(
                    {
                        "order_id": order_id,
                        "order_item_id": line.order_item_id,
                        "vendor_id": line.vendor_id,
                        "base_minor": line.net_minor,
                        "status": CommissionStatus.QUOTED,
                        "created_at": created,
                        **_frozen(fee, sale),
                    }
                )
        await self.commissions.add(rows)

    async def confirm(self, order_id: int) -> list[VendorCommission]:
        """Make the commissions of a paid order owed, and return them by vendor."""
        before = (CommissionStatus.QUOTED, CommissionStatus.CANCELLED)
        await self.commissions.move(order_id, before, CommissionStatus.PENDING)
        return [VendorCommission(*row) for row in await self.commissions.by_vendor(order_id)]

    async def preview(
        self, order_id: int, refunded_net_minor: Mapping[int, int]
    ) -> list[VendorCommission]:
        """Return what `reverse` would give up, by vendor, and change nothing."""
        lines = await self.commissions.lock_lines(order_id, list(refunded_net_minor))
        return _by_vendor(_given_up(line, refunded_net_minor) for line in lines)

    async def reverse(
        self, order_id: int, refunded_net_minor: Mapping[int, int]
    ) -> list[VendorCommission]:
        """Give up the commission on what went back, by order line, and return it by vendor.

        Fees that their rule keeps on refunds are not given up. A negative amount came back: its
        commission is owed again, and returned as negative. Raises `LostRace` where another refund
        of the same line was faster.
        """
        lines = await self.commissions.lock_lines(order_id, list(refunded_net_minor))
        found = [_given_up(line, refunded_net_minor) for line in lines]
        for line, base_minor, amount_minor, tax_minor in found:
            if not await self.commissions.reverse(line, base_minor, amount_minor, tax_minor):
                raise LostRace
        return _by_vendor(found)

    async def cancel(self, order_id: int) -> None:
        """Drop the commissions of an order that will not be paid."""
        await self.commissions.move(
            order_id, (CommissionStatus.QUOTED,), CommissionStatus.CANCELLED
        )

    async def approve(self, order_id: int, vendor_id: UUID) -> None:
        """Approve what is pending of a vendor's part of an order; a repeat changes nothing."""
        await self.commissions.approve(order_id, vendor_id, now())

    async def mark_paid(self, vendor_id: UUID, approved_until: datetime) -> None:
        """Note what was approved by then as paid with a payout; a repeat changes nothing."""
        await self.commissions.mark_paid(vendor_id, approved_until, now())


_GivenUp = tuple[CommissionLine, int, int, int]


def _given_up(line: CommissionLine, refunded_net_minor: Mapping[int, int]) -> _GivenUp:
    """Return a line with the base that went back of it in all, and what is given up for that."""
    wanted = line.refunded_base_minor + refunded_net_minor[line.order_item_id]
    # IVA is rounded for each part that goes back: together they may miss the base by a centavo.
    base_minor = max(0, min(wanted, line.base_minor))
    return line, base_minor, *line.given_up(base_minor)


def _by_vendor(found: Iterable[_GivenUp]) -> list[VendorCommission]:
    total: dict[UUID, tuple[int, int]] = {}
    for line, _, amount_minor, tax_minor in found:
        amount, tax = total.get(line.vendor_id, (0, 0))
        total[line.vendor_id] = (
            amount + amount_minor - line.refunded_amount_minor,
            tax + tax_minor - line.refunded_tax_minor,
        )
    return [VendorCommission(vendor, *minor) for vendor, minor in sorted(total.items())]


def _frozen(fee: Fee, sale: Sale) -> RowValues:
    """Return the amounts of a fee with the rule, its version, its formula and what it looked at."""
    rule = fee.rule
    is_gross = rule is not None and rule.draft.formula.base is FeeBase.GROSS
    return {
        "kind": fee.kind,
        "rule": rule.draft.name if rule else "default",
        "rule_id": rule.id if rule else None,
        "rule_version": rule.version if rule else None,
        "formula": fee.formula,
        "inputs": _inputs(sale) if rule else None,
        "rate_basis_points": fee.basis_points,
        "gross_minor": fee.base_minor if is_gross else None,
        "amount_minor": fee.amount_minor,
        "tax_minor": fee.tax_minor,
        "is_kept_on_refund": rule is not None and rule.draft.is_kept_on_refund,
    }


def _inputs(sale: Sale) -> RowValues:
    return {
        "net_minor": sale.net_minor,
        "gross_minor": sale.gross_minor,
        "unit_price_minor": sale.unit_price_minor,
        "quantity": sale.quantity,
        "product_id": str(sale.product_id) if sale.product_id else None,
        "brand_key": sale.brand_key,
        "category_ids": sorted(map(str, sale.category_ids)),
        "plan_id": sale.plan_id,
        "month_sales_minor": sale.month_sales_minor,
    }
