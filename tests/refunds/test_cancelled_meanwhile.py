"""An order that is called off while a refund of it is under way: all its money goes back."""

from datetime import timedelta

from mestore.checkout.types import Outside
from mestore.orders.types import CancelReason, OrderStatus
from mestore.payments.types import RefundOrder, RefundOutcome, RefundStatus
from mestore.refunds.jobs import FollowRefunds, follow_refunds
from mestore.refunds.service.cancel import call_off
from mestore.refunds.types import RefundState
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import MovedClock
from tests.refunds.desk import ask_back, counters, of_line, state_of


class Declining(Bank):
    """A gateway that takes a refund, and declines it later."""

    is_over = False

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Take it."""
        self.refunded[order.reference] = order
        return RefundOutcome(RefundStatus.PENDING, f"r-{order.reference}")

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say how it stands."""
        status = RefundStatus.DECLINED if self.is_over else RefundStatus.PENDING
        return RefundOutcome(status, refund_id, "OLD")


async def test_a_refund_that_is_declined_after_its_order_was_called_off_is_transferred(
    till: Till, clock: MovedClock
) -> None:
    declining = Declining.giving()
    world = Outside(till.database, {declining.code: declining}, "http://shop.example.com")
    order = await till.place((await till.build.product(stock=5), 2))
    await till.settle_approved(order)
    first = await ask_back(world, order.id, of_line(order.lines[0].id))
    await call_off(world, order.id, CancelReason.BUYER, None)
    assert (await till.stands(order.id))[0] is OrderStatus.CANCELLED

    declining.is_over = True
    clock.advance(timedelta(hours=2))
    await follow_refunds(FollowRefunds(), outside=world)

    assert await state_of(till, first) is RefundState.TRANSFER_DUE
    assert (await counters(till, order.id))[0] == order.draft.total_minor
    assert await till.doctor() == []
