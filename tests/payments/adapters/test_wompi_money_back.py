"""Wompi gives card payments back by a void, and lists what it took."""

from datetime import timedelta
from typing import ClassVar

import pytest

from mestore.kernel.clock import now
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.errors import Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.types import AttemptStatus, Outcome, PaymentMethod, RefundStatus
from tests.contracts.money_back import MoneyBackContract, back_of
from tests.payments.conftest import Bench, WompiSandbox


@pytest.fixture
async def gateway(bench: Bench) -> WompiGateway:
    """The adapter, pointed at the simulator."""
    return bench.gateway()


async def approved(
    gateway: WompiGateway, sandbox: WompiSandbox, method: PaymentMethod = PaymentMethod.CARD
) -> Outcome:
    """Take money."""
    opened = await gateway.start(sandbox.charge(method))
    sandbox.finish(opened.transaction_id, AttemptStatus.APPROVED)
    return await gateway.fetch(opened.transaction_id)


def with_refunds_api(gateway: WompiGateway) -> WompiGateway:
    """The same adapter at a merchant whose cards and PSE go back by the refunds API."""
    return WompiGateway(
        gateway.keys,
        gateway.http,
        gateway.base_url,
        gateway.breaker,
        refund_methods=frozenset({PaymentMethod.CARD, PaymentMethod.PSE}),
    )


class TestRefundsApi(MoneyBackContract):
    """What goes back by the refunds API keeps the promises too, but nobody can ask about it."""

    can_be_asked: ClassVar[bool] = False

    @pytest.fixture
    def gateway(self, gateway: WompiGateway) -> WompiGateway:
        return with_refunds_api(gateway)

    @pytest.fixture
    def impatient(self, impatient: WompiGateway) -> WompiGateway:
        return with_refunds_api(impatient)

    @pytest.fixture
    def unreachable(self, unreachable: WompiGateway) -> WompiGateway:
        return with_refunds_api(unreachable)


@pytest.mark.parametrize(
    ("scenario", "status"),
    [("ERROR", RefundStatus.ERROR), ("DECLINED", None), ("CANCELLED", None)],
)
async def test_a_refund_that_wompi_does_not_make_leaves_the_money_where_it_is(
    gateway: WompiGateway, sandbox: WompiSandbox, scenario: str, status: RefundStatus | None
) -> None:
    gateway = with_refunds_api(gateway)
    paid = await approved(gateway, sandbox, PaymentMethod.PSE)
    sandbox.shop.control("settings", refund_scenario=scenario)

    order = back_of(paid, PaymentMethod.PSE)
    if status is None:
        with pytest.raises(Declined):
            await gateway.refund(order)
    else:
        assert (await gateway.refund(order)).status is status
    assert sandbox.given_back(paid.transaction_id) == []


async def test_a_repeated_refund_is_left_unknown_and_not_given_twice(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    gateway = with_refunds_api(gateway)
    paid = await approved(gateway, sandbox)
    part = back_of(paid, amount_minor=paid.amount_minor // 2)
    assert (await gateway.refund(part)).refund_id is not None
    with pytest.raises(OutcomeUnknown):
        await gateway.refund(part)

    assert sandbox.given_back(paid.transaction_id) == [part.amount_minor]


async def test_a_card_payment_is_voided_once(gateway: WompiGateway, sandbox: WompiSandbox) -> None:
    paid = await approved(gateway, sandbox)
    assert await gateway.find_refund(back_of(paid), None) is None

    given = await gateway.refund(back_of(paid))

    assert given.status is RefundStatus.APPROVED
    assert (await gateway.fetch(paid.transaction_id)).status is AttemptStatus.VOIDED
    found = await gateway.find_refund(back_of(paid), given.refund_id)
    assert found is not None
    assert found.status is RefundStatus.APPROVED
    with pytest.raises(Declined):
        await gateway.refund(back_of(paid))


async def test_a_part_or_another_method_is_refused_without_effect(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    paid = await approved(gateway, sandbox)
    with pytest.raises(Declined):
        await gateway.refund(back_of(paid, amount_minor=100))
    assert (await gateway.fetch(paid.transaction_id)).status is AttemptStatus.APPROVED

    by_bank = await approved(gateway, sandbox, PaymentMethod.PSE)
    with pytest.raises(Declined):
        await gateway.refund(back_of(by_bank, PaymentMethod.PSE))
    assert gateway.profile.refundable == {PaymentMethod.CARD}


async def test_where_nobody_listens_nothing_was_submitted(bench: Bench, paid: Outcome) -> None:
    with pytest.raises(NotSubmitted):
        await bench.gateway(url="http://127.0.0.1:9").refund(back_of(paid))


async def test_a_void_without_an_answer_is_unknown(bench: Bench, paid: Outcome) -> None:
    with pytest.raises(OutcomeUnknown):
        await bench.gateway(deadline_seconds=0.0).refund(back_of(paid))


@pytest.fixture
async def paid(gateway: WompiGateway, sandbox: WompiSandbox) -> Outcome:
    """A card payment that was approved."""
    return await approved(gateway, sandbox)


async def test_the_list_has_what_was_begun_in_the_period(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    paid = await approved(gateway, sandbox)
    pending = await gateway.start(sandbox.charge(PaymentMethod.PSE))
    hour = timedelta(hours=1)

    listed = await gateway.transactions(now() - hour, now() + hour)

    assert listed is not None
    assert {each.transaction_id: each.status for each in listed} == {
        paid.transaction_id: AttemptStatus.APPROVED,
        pending.transaction_id: AttemptStatus.PENDING,
    }
    assert all(each.happened_at is not None for each in listed)
    [card] = [each.card for each in listed if each.card is not None]
    assert (card.last_four, card.brand) == ("4242", "VISA")
