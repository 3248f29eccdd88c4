"""Another gateway is called only where surely nothing was submitted to the first."""

from contextlib import suppress
from dataclasses import replace

import pytest

from mestore.checkout.service.cancel import cancel
from mestore.checkout.service.pay import choose
from mestore.checkout.types import Outside, PayRequest
from mestore.kernel.breaker import Breaker
from mestore.orders.errors import OrderNotPayable
from mestore.orders.types import CancelReason
from mestore.payments.errors import Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.types import AttemptStatus, Limits, PaymentMethod
from tests.checkout.bank import Bank, once
from tests.checkout.paying import VOID, beside, paying
from tests.checkout.till import Till


class Second(Bank):
    """A second gateway like the first."""

    code = "second"


@pytest.fixture
def both(outside: Outside, bank: Bank) -> tuple[Outside, Bank, Bank]:
    second = Second()
    return replace(outside, gateways={bank.code: bank, second.code: second}), bank, second


async def test_a_gateway_that_is_not_reached_is_followed_by_the_next(
    till: Till, both: tuple[Outside, Bank, Bank]
) -> None:
    outside, first, second = both
    first.refusal = NotSubmitted()
    order = await till.place(await till.build.product())

    shown = await paying(outside, order.id, key="a-key")

    assert shown["gateway"] == "second"
    assert len(second.started) == 1
    assert await till.attempts(order.id) == [AttemptStatus.ERROR, AttemptStatus.PENDING]


@pytest.mark.parametrize("said", [OutcomeUnknown("silent"), Declined(reason="no funds")])
async def test_what_may_have_been_submitted_is_never_sent_elsewhere(
    till: Till, both: tuple[Outside, Bank, Bank], said: Exception
) -> None:
    outside, first, second = both
    first.refusal = said
    order = await till.place(await till.build.product())

    with suppress(Declined):
        await paying(outside, order.id)

    assert second.started == []
    assert len(await till.attempts(order.id)) == 1


async def test_an_order_that_was_called_off_meanwhile_is_not_sent_elsewhere(
    till: Till, both: tuple[Outside, Bank, Bank]
) -> None:
    outside, first, second = both
    order = await till.place(await till.build.product())
    first.refusal = NotSubmitted()
    first.pause = once(lambda: beside(cancel(outside, order.id, CancelReason.BUYER, None)))

    for _ in range(2):
        with pytest.raises(OrderNotPayable):
            await paying(outside, order.id, key="a-key")

    assert second.started == []
    assert await till.stands(order.id) == VOID
    assert await till.attempts(order.id) == [AttemptStatus.ERROR]
    assert await till.doctor() == []


async def test_a_card_stays_with_the_gateway_that_has_its_token(
    both: tuple[Outside, Bank, Bank],
) -> None:
    outside, first, second = both
    breaker = Breaker()
    for method in (PaymentMethod.CARD, PaymentMethod.NEQUI):
        for _ in range(5):
            with suppress(NotSubmitted), breaker.guard((first.code, method), (NotSubmitted,)):
                raise NotSubmitted
    outside = replace(outside, breaker=breaker)

    assert choose(outside, PayRequest(1, PaymentMethod.CARD, None, 1, {})) == [first]
    assert choose(outside, PayRequest(1, PaymentMethod.NEQUI, None, 1, {})) == [second, first]


async def test_amounts_beyond_a_limit_go_to_the_next_gateway(
    till: Till, both: tuple[Outside, Bank, Bank]
) -> None:
    outside, first, second = both
    limits = {PaymentMethod.NEQUI: Limits(maximum_minor=1)}
    first.profile = replace(first.profile, limits=limits)
    order = await till.place(await till.build.product())

    shown = await paying(outside, order.id)

    assert shown["gateway"] == "second"
    assert first.started == []
    assert len(second.started) == 1
