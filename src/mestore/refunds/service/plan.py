"""Planning a refund: what goes back for each line, so that the parts add up to the whole."""

from mestore.kernel.money import divide_half_up, spread, to_number
from mestore.orders.types import RefundableLine, RefundableOrder
from mestore.refunds.errors import NotALineOfTheOrder, OverRefund
from mestore.refunds.types import LineWish, PlannedLine, RefundPlan, RefundWish


def plan(order: RefundableOrder, wish: RefundWish, excess_minor: int = 0) -> RefundPlan:
    """Return what `wish` comes to; raises `OverRefund` where less is left.

    `excess_minor` is what banks took by disputes although refunds had it already.
    """
    left = left_of(order, excess_minor)
    if wish.amount_minor is not None:
        lines, shipping = _of_amount(order, wish, wish.amount_minor)
    elif wish.lines is not None:
        lines = [_of_units(line, each, wish) for line, each in _named(order, wish.lines)]
        shipping = order.left_shipping_minor if wish.shipping else 0
    else:
        lines = [
            _planned(line, line.left_quantity, line.left_minor, restock=wish.restock)
            for line in order.lines
            if line.left_quantity or line.left_minor
        ]
        shipping = 0 if wish.shipping is False else order.left_shipping_minor
    found = RefundPlan(tuple(lines), shipping, left)
    if not 0 < found.total_minor <= left:
        raise OverRefund(left=to_number(left))
    return found


def left_of(order: RefundableOrder, excess_minor: int) -> int:
    """Return what of an order can still go back, in minor units."""
    left = sum(line.left_minor for line in order.lines) + order.left_shipping_minor
    return max(0, left - excess_minor)


def _of_amount(
    order: RefundableOrder, wish: RefundWish, amount: int
) -> tuple[list[PlannedLine], int]:
    """Spread an amount over what is left of the lines, then of the shipping fee if it may."""
    goods = sum(line.left_minor for line in order.lines)
    shipping = 0 if wish.shipping is False else min(order.left_shipping_minor, amount - goods)
    shipping = max(0, shipping)
    if amount - shipping > goods:
        raise OverRefund(left=to_number(goods + shipping))
    parts = spread(amount - shipping, [line.left_minor for line in order.lines])
    lines = [
        # All the money of a line is the money of all its units.
        _planned(line, line.left_quantity if part == line.left_minor else 0, part, restock=False)
        for line, part in zip(order.lines, parts, strict=True)
        if part
    ]
    return lines, shipping


def _named(
    order: RefundableOrder, wishes: tuple[LineWish, ...]
) -> list[tuple[RefundableLine, LineWish]]:
    by_id = {line.id: line for line in order.lines}
    found = []
    for wish in wishes:
        line = by_id.pop(wish.order_item_id, None)
        if line is None:
            raise NotALineOfTheOrder(order_item_id=wish.order_item_id)
        found.append((line, wish))
    return found


def _of_units(line: RefundableLine, wish: LineWish, whole: RefundWish) -> PlannedLine:
    if wish.quantity > line.left_quantity:
        raise OverRefund(left=to_number(line.left_minor), order_item_id=line.id)
    amount = divide_half_up(line.left_minor * wish.quantity, line.left_quantity)
    restock = whole.restock if wish.restock is None else wish.restock
    return _planned(line, wish.quantity, amount, restock=restock)


def _planned(line: RefundableLine, units: int, amount: int, *, restock: bool) -> PlannedLine:
    return PlannedLine(
        order_item_id=line.id,
        vendor_id=line.vendor_id,
        variant_id=line.variant_id,
        product_name=line.product_name,
        quantity=units,
        amount_minor=amount,
        tax_minor=line.tax_of(amount),
        restock=restock,
    )
