"""On whom a disputed amount falls: vendors and shipping fee alike, by what is left of each."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from mestore.disputes.types import Allotment, DisputedLine
from mestore.kernel.money import spread
from mestore.orders.types import RefundableLine, RefundableOrder


def allot(order: RefundableOrder, amount_minor: int) -> Allotment:
    """Spread an amount over the vendors' parts and the shipping fee, by what is left of them.

    What refunds gave back is not spread again, so the parts may add up to less than the amount.
    """
    by_vendor: defaultdict[UUID, list[RefundableLine]] = defaultdict(list)
    for line in order.lines:
        by_vendor[line.vendor_id].append(line)
    vendors = sorted(by_vendor)
    weights = [sum(line.left_minor for line in by_vendor[vendor]) for vendor in vendors]
    weights.append(order.left_shipping_minor)
    if not sum(weights):
        return Allotment()
    *parts, shipping = spread(min(amount_minor, sum(weights)), weights)
    lines = [
        _taken(line, taken)
        for vendor, part in zip(vendors, parts, strict=True)
        for line, taken in _over_lines(by_vendor[vendor], part)
        if taken
    ]
    return Allotment(tuple(lines), shipping)


def _over_lines(
    lines: list[RefundableLine], part_minor: int
) -> Iterable[tuple[RefundableLine, int]]:
    return zip(lines, spread(part_minor, [line.left_minor for line in lines]), strict=True)


def _taken(line: RefundableLine, amount_minor: int) -> DisputedLine:
    return DisputedLine(line.id, line.vendor_id, amount_minor, line.tax_of(amount_minor))


def by_vendor(lines: Iterable[DisputedLine]) -> dict[UUID, int]:
    """Return what is taken of each vendor, IVA included, in minor units."""
    total: defaultdict[UUID, int] = defaultdict(int)
    for line in lines:
        total[line.vendor_id] += line.amount_minor
    return dict(sorted(total.items()))


def net_by_line(lines: Iterable[DisputedLine]) -> dict[int, int]:
    """Return what is taken of each order line without IVA, the base of commissions."""
    total: defaultdict[int, int] = defaultdict(int)
    for line in lines:
        total[line.order_item_id] += line.amount_minor - line.tax_minor
    return dict(total)


def amount_by_line(lines: Iterable[DisputedLine]) -> dict[int, tuple[int, int]]:
    """Return units, always none, and money by order line, as orders count what is given back."""
    total: defaultdict[int, int] = defaultdict(int)
    for line in lines:
        total[line.order_item_id] += line.amount_minor
    return {item: (0, amount) for item, amount in total.items()}
