"""Money back from PayU: cards only, by the order, and often only after somebody reviewed it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.breaker import Breaker
from mestore.kernel.clock import now
from mestore.payments.adapters.payu import PayUGateway
from mestore.payments.errors import Declined, GatewayUnavailable, NotSubmitted, OutcomeUnknown
from mestore.payments.types import Outcome, PaymentMethod, RefundStatus
from simulators.local import serving
from simulators.payu.app import create_app
from tests.contracts.money_back import back_of
from tests.contracts.payment_gateway import AMOUNT
from tests.payments.adapters.payu import ACCOUNT, NOTIFY_URL, PayUSandbox
from tests.simulators.payu_shop import PayUShop, own_id

HALF = AMOUNT // 2


@pytest.fixture(scope="module")
def payu_url() -> Iterator[str]:
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def sandbox(payu_url: str) -> Iterator[PayUSandbox]:
    with httpx2.Client(base_url=payu_url, trust_env=False) as http:
        shop = PayUShop(http)
        shop.control("reset")
        shop.control("settings", sends=False)
        yield PayUSandbox(shop)


@pytest.fixture
async def gateway(payu_url: str, sandbox: PayUSandbox) -> AsyncIterator[PayUGateway]:
    async with network.client() as http:
        yield PayUGateway(ACCOUNT, http, payu_url, Breaker(), notify_url=NOTIFY_URL)


@pytest.fixture
async def impatient(payu_url: str, sandbox: PayUSandbox) -> AsyncIterator[PayUGateway]:
    async with network.client(total_seconds=0.3) as http:
        yield PayUGateway(ACCOUNT, http, payu_url, Breaker(), notify_url=NOTIFY_URL)


@pytest.fixture
async def paid(gateway: PayUGateway, sandbox: PayUSandbox) -> Outcome:
    """A card payment of eleven minutes ago."""
    sandbox.shop.control("clock", seconds=-660)
    paid = await gateway.start(sandbox.charge(PaymentMethod.CARD))
    sandbox.shop.control("clock", seconds=660)
    return paid


def refunds(sandbox: PayUSandbox) -> list[str]:
    """The types of the refunds that PayU lists."""
    return [each["type"] for each in sandbox.shop.transactions() if each["parentTransactionId"]]


def review(sandbox: PayUSandbox, paid: Outcome, state: str) -> None:
    sandbox.shop.control(f"transactions/{own_id(paid.transaction_id)}/refund", state=state)


@pytest.mark.parametrize(
    ("state", "status"),
    [("APPROVED", RefundStatus.APPROVED), ("DECLINED", RefundStatus.DECLINED)],
)
@pytest.mark.parametrize(("amount", "kind"), [(AMOUNT, "REFUND"), (HALF, "PARTIAL_REFUND")])
async def test_a_refund_is_pending_without_an_id_until_it_was_reviewed(
    gateway: PayUGateway,
    sandbox: PayUSandbox,
    paid: Outcome,
    amount: int,
    kind: str,
    state: str,
    status: RefundStatus,
) -> None:
    order = back_of(paid, amount_minor=amount)
    given = await gateway.refund(order)
    assert (given.status, given.refund_id) == (RefundStatus.PENDING, None)

    # Only the capture shows: that proves nothing.
    waiting = await gateway.find_refund(order, None)
    assert waiting is not None
    assert waiting.status is RefundStatus.UNKNOWN
    review(sandbox, paid, state)

    assert refunds(sandbox) == [kind]
    ended = await gateway.find_refund(order, None)
    assert ended is not None
    assert ended.status is status
    assert ended.refund_id is not None
    assert await gateway.find_refund(order, ended.refund_id) == ended


async def test_a_refund_sent_again_is_the_one_that_is_registered(
    gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome
) -> None:
    await gateway.refund(back_of(paid))
    again = await gateway.refund(back_of(paid))
    assert again.status is RefundStatus.PENDING
    review(sandbox, paid, "APPROVED")

    assert (await gateway.refund(back_of(paid))).status is RefundStatus.APPROVED
    assert refunds(sandbox) == ["REFUND"]


async def test_two_equal_parts_are_told_apart(
    gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome
) -> None:
    first = back_of(paid, amount_minor=HALF)
    second = replace(first, reference=f"{paid.reference}-R2")
    await gateway.refund(first)
    review(sandbox, paid, "APPROVED")
    await gateway.refund(second)

    found = [await gateway.find_refund(each, None) for each in (first, second)]

    assert [each and each.status for each in found] == [
        RefundStatus.APPROVED,
        RefundStatus.UNKNOWN,
    ]


async def test_a_declined_refund_may_be_asked_for_again(
    gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome
) -> None:
    await gateway.refund(back_of(paid))
    review(sandbox, paid, "DECLINED")
    second = back_of(paid, reference=f"{paid.reference}-R2")
    assert (await gateway.refund(second)).status is RefundStatus.PENDING

    waiting = await gateway.find_refund(second, None)
    review(sandbox, paid, "APPROVED")
    ended = await gateway.find_refund(second, None)

    assert waiting is not None
    assert ended is not None
    assert (waiting.status, ended.status) == (RefundStatus.UNKNOWN, RefundStatus.APPROVED)


async def test_a_refund_without_an_answer_is_unknown_and_never_sent_twice(
    impatient: PayUGateway, gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome
) -> None:
    sandbox.shop.break_next("refund", "timeout_after", seconds=1)
    with pytest.raises(OutcomeUnknown):
        await impatient.refund(back_of(paid))
    review(sandbox, paid, "APPROVED")

    found = await gateway.find_refund(back_of(paid), None)

    assert found is not None
    assert found.status is RefundStatus.APPROVED
    assert refunds(sandbox) == ["REFUND"]


async def test_a_refund_waits_for_ten_minutes_and_for_an_answer_about_its_order(
    gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome
) -> None:
    with pytest.raises(NotSubmitted):
        await gateway.refund(back_of(paid, charged_at=now() - timedelta(minutes=9)))
    sandbox.shop.break_next("orders", "error_500_before", times=3)
    with pytest.raises(NotSubmitted):
        await gateway.refund(back_of(paid))
    sandbox.shop.break_next("orders", "half_json", times=3)
    with pytest.raises(GatewayUnavailable):
        await gateway.find_refund(back_of(paid), None)

    sandbox.shop.break_next("refund", "rate_limit")
    with pytest.raises(NotSubmitted):
        await gateway.refund(back_of(paid))
    assert refunds(sandbox) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"method": PaymentMethod.PSE},
        {"amount_minor": 9_900},
        {"amount_minor": HALF + 50},
        {"charged_at": now() - timedelta(days=731)},
        {"transaction_id": "1-2"},
        {"transaction_id": "nonsense"},
    ],
)
async def test_what_payu_does_not_give_back_is_declined_unsent(
    gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome, changes: dict[str, Any]
) -> None:
    with pytest.raises(Declined):
        await gateway.refund(back_of(paid, **changes))
    assert refunds(sandbox) == []


async def test_more_than_was_paid_is_declined(
    gateway: PayUGateway, sandbox: PayUSandbox, paid: Outcome
) -> None:
    with pytest.raises(Declined):
        await gateway.refund(back_of(paid, amount_minor=AMOUNT + 100))
    assert refunds(sandbox) == []
    only_cards = frozenset({PaymentMethod.CARD})
    assert gateway.profile.refundable == only_cards
    assert gateway.profile.partly_refundable == only_cards
