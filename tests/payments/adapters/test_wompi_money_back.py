"""Wompi gives card payments back by a void, and lists what it took."""

from datetime import timedelta

import pytest

from mestore.kernel.clock import now
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.errors import Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.types import AttemptStatus, Outcome, PaymentMethod, RefundOrder, RefundStatus
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


def back(paid: Outcome, **changes: int) -> RefundOrder:
    return RefundOrder(
        reference=f"R-{paid.reference}",
        transaction_id=paid.transaction_id,
        charge_reference=paid.reference,
        method=PaymentMethod.CARD,
        amount_minor=changes.get("amount_minor", paid.amount_minor),
        charged_minor=paid.amount_minor,
        currency=paid.currency,
        reason="called off",
        charged_at=now(),
    )


async def test_a_card_payment_is_voided_once(gateway: WompiGateway, sandbox: WompiSandbox) -> None:
    paid = await approved(gateway, sandbox)
    assert await gateway.find_refund(back(paid), None) is None

    given = await gateway.refund(back(paid))

    assert given.status is RefundStatus.APPROVED
    assert (await gateway.fetch(paid.transaction_id)).status is AttemptStatus.VOIDED
    found = await gateway.find_refund(back(paid), given.refund_id)
    assert found is not None
    assert found.status is RefundStatus.APPROVED
    with pytest.raises(Declined):
        await gateway.refund(back(paid))


async def test_a_part_or_another_method_is_refused_without_effect(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    paid = await approved(gateway, sandbox)
    with pytest.raises(Declined):
        await gateway.refund(back(paid, amount_minor=100))
    assert (await gateway.fetch(paid.transaction_id)).status is AttemptStatus.APPROVED

    by_bank = await approved(gateway, sandbox, PaymentMethod.PSE)
    with pytest.raises(Declined):
        await gateway.refund(back(by_bank))
    assert gateway.profile.refundable == {PaymentMethod.CARD}


async def test_where_nobody_listens_nothing_was_submitted(bench: Bench, paid: Outcome) -> None:
    with pytest.raises(NotSubmitted):
        await bench.gateway(url="http://127.0.0.1:9").refund(back(paid))


async def test_a_void_without_an_answer_is_unknown(bench: Bench, paid: Outcome) -> None:
    with pytest.raises(OutcomeUnknown):
        await bench.gateway(deadline_seconds=0.0).refund(back(paid))


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
    assert await gateway.transactions(now() - 2 * hour, now() - hour) == []
    assert await gateway.find_dispute("any") is None
