"""Commissions are frozen with the order, owed once it is paid, dropped when it is called off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from mestore.commissions.repository import CommissionRepository
from mestore.commissions.types import CommissionPolicy, CommissionStatus
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace
from mestore.kernel.money import percent_of


@dataclass(frozen=True, slots=True)
class CommissionBase:
    """An order line as a commission rule sees it: its price without IVA, in minor units."""

    order_item_id: int
    vendor_id: UUID
    net_minor: int


@dataclass(frozen=True, slots=True)
class VendorCommission:
    """What the operator keeps of one vendor's part of an order, in minor units."""

    vendor_id: UUID
    amount_minor: int
    tax_minor: int


class CommissionService:
    """Quotes, confirms and cancels the commissions of orders."""

    def __init__(self, tx: Tx) -> None:
        self.commissions = CommissionRepository(tx.connection)
        self.policy = tx.policy(CommissionPolicy)

    async def quote(self, order_id: int, lines: Sequence[CommissionBase]) -> None:
        """Freeze the commission of each line under the rule that holds now."""
        percent = self.policy.default_percent
        created = now()
        rows = []
        for line in lines:
            amount = percent_of(line.net_minor, percent)
            rows.append(
                {
                    "order_id": order_id,
                    "order_item_id": line.order_item_id,
                    "vendor_id": line.vendor_id,
                    "rule": "default",
                    "rate_basis_points": int(percent * 100),
                    "base_minor": line.net_minor,
                    "amount_minor": amount,
                    "tax_minor": percent_of(amount, self.policy.tax_percent),
                    "status": CommissionStatus.QUOTED,
                    "created_at": created,
                }
            )
        await self.commissions.add(rows)

    async def confirm(self, order_id: int) -> list[VendorCommission]:
        """Make the commissions of a paid order owed, and return them by vendor."""
        before = (CommissionStatus.QUOTED, CommissionStatus.CANCELLED)
        await self.commissions.move(order_id, before, CommissionStatus.PENDING)
        return [VendorCommission(*row) for row in await self.commissions.by_vendor(order_id)]

    async def reverse(
        self, order_id: int, refunded_net_minor: Mapping[int, int]
    ) -> list[VendorCommission]:
        """Give up the commission on what went back, by order line, and return it by vendor.

        Raises `LostRace` where another refund of the same line was faster.
        """
        given_up: dict[UUID, tuple[int, int]] = {}
        for line in await self.commissions.lock_lines(order_id, list(refunded_net_minor)):
            base_minor = line.refunded_base_minor + refunded_net_minor[line.order_item_id]
            amount_minor, tax_minor = line.given_up(base_minor)
            if not await self.commissions.reverse(line, base_minor, amount_minor, tax_minor):
                raise LostRace
            amount, tax = given_up.get(line.vendor_id, (0, 0))
            given_up[line.vendor_id] = (
                amount + amount_minor - line.refunded_amount_minor,
                tax + tax_minor - line.refunded_tax_minor,
            )
        return [VendorCommission(vendor, *minor) for vendor, minor in sorted(given_up.items())]

    async def cancel(self, order_id: int) -> None:
        """Drop the commissions of an order that will not be paid."""
        await self.commissions.move(
            order_id, (CommissionStatus.QUOTED,), CommissionStatus.CANCELLED
        )
