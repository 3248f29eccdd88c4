"""The Stripe adapter against its simulator: the contract, and Stripe's own ways."""

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.breaker import Breaker
from mestore.kernel.clock import now
from mestore.payments.adapters.stripe import StripeGateway, StripeKeys
from mestore.payments.errors import BadSignature, Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.types import (
    AttemptStatus,
    Charge,
    DisputeStatus,
    NoticeKind,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundStatus,
)
from simulators.local import serving
from simulators.stripe.app import SECRET_KEY, WEBHOOK_SECRET, create_app, signed
from tests.contracts.payment_gateway import AMOUNT, PaymentGatewayContract, new_charge

KEYS = StripeKeys("pk_test_mestore_simulator", SECRET_KEY, WEBHOOK_SECRET)
CARD = PaymentMethod.CARD
ASKING = "pm_card_authenticationRequired"
ENDS = {
    AttemptStatus.APPROVED: "succeeded",
    AttemptStatus.DECLINED: "requires_payment_method",
}


class StripeSandbox:
    """The simulator's control surface in the words of the contract."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def charge(self, method: PaymentMethod, method_id: str = ASKING) -> Charge:
        return new_charge(method, {"token": method_id})

    def invalid_charge(self) -> Charge:
        return new_charge(CARD, {"token": "pm_nobody_knows"})

    def control(self, path: str, **body: object) -> Any:  # noqa: ANN401
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def finish(self, transaction_id: str, status: AttemptStatus) -> None:
        self.control(f"payment_intents/{transaction_id}/status", status=ENDS[status])

    def references(self) -> list[str]:
        found = self.http.get("/_control/payment_intents").json()
        return [one["metadata"]["reference"] for one in found]

    def answer_nothing(self) -> None:
        self.control("faults", fault="timeout_after", seconds=1)

    def fail_afterwards(self) -> None:
        self.control("faults", fault="error_500_after")

    def refuse_before(self) -> None:
        self.control("faults", fault="rate_limit")

    def event(
        self, object_id: str, kind: str = "payment_intent.succeeded", **query: str
    ) -> tuple[Mapping[str, str], bytes]:
        query = {"kind": kind, **query}
        answer = self.http.get(f"/_control/events/{object_id}", params=query).json()
        return {"Stripe-Signature": answer["header"]}, answer["body"].encode()

    def forged_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return self.event(transaction_id, secret="whsec_of_somebody_else")


@pytest.fixture(scope="module")
def stripe_url() -> Iterator[str]:
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def sandbox(stripe_url: str) -> Iterator[StripeSandbox]:
    with httpx2.Client(base_url=stripe_url, trust_env=False) as http:
        sandbox = StripeSandbox(http)
        sandbox.control("reset")
        yield sandbox


@pytest.fixture
async def gateway(stripe_url: str, sandbox: StripeSandbox) -> AsyncIterator[StripeGateway]:
    async with network.client() as http:
        yield StripeGateway(KEYS, http, stripe_url, Breaker())


@pytest.fixture
async def impatient(stripe_url: str, sandbox: StripeSandbox) -> AsyncIterator[StripeGateway]:
    async with network.client(total_seconds=0.3) as http:
        yield StripeGateway(KEYS, http, stripe_url, Breaker())


@pytest.fixture
async def unreachable() -> AsyncIterator[StripeGateway]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with network.client() as http:
        yield StripeGateway(KEYS, http, f"http://127.0.0.1:{port}", Breaker())


class TestContract(PaymentGatewayContract):
    """Stripe keeps what every gateway promises."""


def back(paid: Outcome, **changes: Any) -> RefundOrder:  # noqa: ANN401
    order = RefundOrder(
        reference=f"R-{paid.reference}",
        transaction_id=paid.transaction_id,
        charge_reference=paid.reference,
        method=CARD,
        amount_minor=paid.amount_minor,
        charged_minor=paid.amount_minor,
        currency=paid.currency,
        reason="called off",
        charged_at=now(),
    )
    return replace(order, **changes)


@pytest.fixture
async def paid(gateway: StripeGateway, sandbox: StripeSandbox) -> Outcome:
    return await gateway.start(sandbox.charge(CARD, "pm_card_visa"))


async def test_a_good_card_is_approved_at_once_with_its_facts(paid: Outcome) -> None:
    assert paid.status is AttemptStatus.APPROVED
    assert paid.card is not None
    assert (paid.card.brand, paid.card.last_four) == ("visa", "4242")


async def test_a_refused_card_is_declined_with_the_reason_of_its_bank(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    token = "pm_card_chargeDeclinedInsufficientFunds"  # noqa: S105 - a published test method
    refused = await gateway.start(sandbox.charge(CARD, token))

    assert (refused.status, refused.decline_code) == (AttemptStatus.DECLINED, "insufficient_funds")
    assert (await gateway.fetch(refused.transaction_id)).status is AttemptStatus.DECLINED


async def test_a_card_that_asks_back_has_the_page_of_its_bank(
    gateway: StripeGateway, sandbox: StripeSandbox, stripe_url: str
) -> None:
    opened = await gateway.start(sandbox.charge(CARD))
    assert opened.payment_url == f"{stripe_url}/_bank/{opened.transaction_id}"


async def test_the_list_has_what_was_begun_in_the_period(
    gateway: StripeGateway, paid: Outcome
) -> None:
    hour = timedelta(hours=1)
    listed = await gateway.transactions(now() - hour, now() + hour)
    assert [each.transaction_id for each in listed or []] == [paid.transaction_id]
    assert await gateway.transactions(now() - 2 * hour, now() - hour) == []


async def test_a_refund_is_given_once_and_found(gateway: StripeGateway, paid: Outcome) -> None:
    assert await gateway.find_refund(back(paid), None) is None
    part = back(paid, amount_minor=AMOUNT // 2)
    given = await gateway.refund(part)
    again = await gateway.refund(part)

    assert given.status is RefundStatus.APPROVED
    assert again == given
    assert await gateway.find_refund(part, None) == given
    assert await gateway.find_refund(part, given.refund_id) == given
    with pytest.raises(Declined):
        await gateway.refund(back(paid, reference="R-2", amount_minor=AMOUNT))


async def test_a_refund_without_an_answer_is_unknown_and_found_later(
    impatient: StripeGateway, gateway: StripeGateway, sandbox: StripeSandbox, paid: Outcome
) -> None:
    sandbox.answer_nothing()
    with pytest.raises(OutcomeUnknown):
        await impatient.refund(back(paid))

    found = await gateway.find_refund(back(paid), None)
    assert found is not None
    assert found.status is RefundStatus.APPROVED


async def test_a_refund_that_nobody_heard_was_not_submitted(
    unreachable: StripeGateway, paid: Outcome
) -> None:
    with pytest.raises(NotSubmitted):
        await unreachable.refund(back(paid))


async def test_a_conflict_leaves_the_outcome_unknown_and_the_key_safe(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    charge = sandbox.charge(CARD)
    sandbox.control("faults", fault="conflict")
    with pytest.raises(OutcomeUnknown):
        await gateway.start(charge)

    await gateway.start(charge)
    assert sandbox.references() == [charge.reference]


async def test_a_dispute_is_told_and_found(
    gateway: StripeGateway, sandbox: StripeSandbox, paid: Outcome
) -> None:
    dispute = sandbox.control(f"payment_intents/{paid.transaction_id}/dispute")
    notice = gateway.verify(*sandbox.event(dispute["id"], "charge.dispute.created"))

    assert (notice.kind, notice.object_id) == (NoticeKind.DISPUTE, dispute["id"])
    assert notice.transaction_id == paid.transaction_id
    found = await gateway.find_dispute(dispute["id"])
    assert found is not None
    assert (found.status, found.amount_minor) == (DisputeStatus.OPEN, AMOUNT)
    assert await gateway.find_dispute("dp_nobody") is None


async def test_an_event_older_than_five_minutes_is_refused(
    gateway: StripeGateway, paid: Outcome
) -> None:
    old = int(now().timestamp()) - 301
    found = {"object": "payment_intent", "id": paid.transaction_id}
    header, body = signed(found, "payment_intent.succeeded", WEBHOOK_SECRET, old)
    with pytest.raises(BadSignature):
        gateway.verify({"stripe-signature": header}, body.encode())


def test_keys_do_not_print_their_secrets() -> None:
    assert repr(KEYS) == f"StripeKeys(publishable={KEYS.publishable!r})"
