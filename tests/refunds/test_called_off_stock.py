"""An order called off while refunds of it are under way: each unit goes to the shelf once."""

from datetime import timedelta

import pytest

from mestore.checkout.types import Outside
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from mestore.refunds.service.cancel import call_off
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.inventory.test_backorders import arrive, continuing, paid, shelf, waiting
from tests.refunds.desk import ask_back, of_line


@pytest.mark.parametrize(
    ("here", "ordered", "refunds", "arriving", "back"),
    [
        # The refund is of the unit that never came: the one that is here is nobody's.
        (1, 2, [(1, False)], 0, 1),
        (1, 2, [(1, True)], 0, 1),
        (1, 3, [(2, False)], 0, 1),
        # It came after the wish, and was never sent.
        (1, 2, [(1, False)], 1, 2),
        (0, 3, [(1, False), (1, True)], 1, 1),
        (0, 3, [(1, False), (1, True)], 3, 3),
        (0, 2, [(1, False), (1, False)], 1, 1),
        # What staff does not want on the shelf stays away from it.
        (2, 2, [(1, False)], 0, 1),
        (2, 2, [(1, True)], 0, 2),
        (3, 4, [(2, False)], 0, 2),
        (2, 2, [(1, False), (1, True)], 0, 1),
    ],
)
async def test_each_unit_goes_back_once(
    till: Till,
    bank: Bank,
    outside: Outside,
    clock: MovedClock,
    here: int,
    ordered: int,
    refunds: list[tuple[int, bool]],
    arriving: int,
    back: int,
) -> None:
    product = await continuing(till, stock=here)
    order = await paid(till, product, ordered)
    bank.is_silent = True
    for units, restock in refunds:
        await ask_back(outside, order.id, of_line(order.lines[0].id, units, restock=restock))
    if arriving:
        clock.advance(timedelta(seconds=1))
        await arrive(till, product, arriving)

    await call_off(outside, order.id, CancelReason.STAFF, None)
    bank.is_silent = False
    clock.advance(timedelta(hours=1))
    await follow_refunds(FollowRefunds(), outside=outside)

    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)
    assert (await waiting(till, order), await shelf(till, product)) == (0, (back, 0))
    assert await till.doctor() == []
