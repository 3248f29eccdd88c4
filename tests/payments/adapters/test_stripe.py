"""The Stripe adapter against its simulator: the contract, and Stripe's own ways."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.breaker import Breaker
from mestore.kernel.clock import now
from mestore.payments.adapters.stripe import StripeGateway, StripeKeys
from mestore.payments.errors import BadSignature, Declined, OutcomeUnknown
from mestore.payments.types import (
    AttemptStatus,
    Charge,
    NoticeKind,
    Outcome,
    PaymentMethod,
    RefundStatus,
)
from simulators.local import serving
from simulators.stripe.app import SECRET_KEY, WEBHOOK_SECRET, create_app, signed
from tests.contracts.money_back import Unable, back_of
from tests.contracts.payment_gateway import AMOUNT, PaymentGatewayContract, new_charge

KEYS = StripeKeys("pk_test_mestore_simulator", SECRET_KEY, WEBHOOK_SECRET)
CARD = PaymentMethod.CARD
ASKING = "pm_card_authenticationRequired"
ENDS = {
    AttemptStatus.APPROVED: "succeeded",
    AttemptStatus.DECLINED: "requires_payment_method",
}


class StripeSandbox(Unable):
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

    def unsigned_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return {}, self.event(transaction_id)[1]

    def old_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        old = int(now().timestamp()) - 3600
        found = {"object": "payment_intent", "id": transaction_id}
        header, body = signed(found, "payment_intent.succeeded", WEBHOOK_SECRET, old)
        return {"Stripe-Signature": header}, body.encode()

    def given_back(self, transaction_id: str) -> list[int]:
        found = self.http.get("/_control/refunds").json()
        return [one["amount"] for one in found if one["payment_intent"] == transaction_id]

    def break_refund(self, fault: str) -> None:
        if fault == "unanswered":
            self.answer_nothing()
        else:
            self.refuse_before()

    def dispute(self, transaction_id: str) -> tuple[str, Mapping[str, str], bytes]:
        dispute_id = self.control(f"payment_intents/{transaction_id}/dispute")["id"]
        return dispute_id, *self.event(dispute_id, "charge.dispute.created")

    def decide_dispute(self, dispute_id: str, *, is_won: bool) -> None:
        self.control(f"disputes/{dispute_id}/status", status="won" if is_won else "lost")


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
async def unreachable(nobody_listens: int) -> AsyncIterator[StripeGateway]:
    async with network.client() as http:
        yield StripeGateway(KEYS, http, f"http://127.0.0.1:{nobody_listens}", Breaker())


class TestContract(PaymentGatewayContract):
    """Stripe keeps what every gateway promises, and its signatures grow old."""

    refuses_old_events: ClassVar[bool] = True


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
    assert "approve" in sandbox.http.get(opened.payment_url).text
    back = sandbox.http.post(f"{opened.payment_url}/approve")
    sandbox.http.post(f"{opened.payment_url}/decline")
    assert back.headers["location"] == "https://shop.example/return"
    assert (await gateway.fetch(opened.transaction_id)).status is AttemptStatus.APPROVED


async def test_a_refund_is_given_once_and_found(gateway: StripeGateway, paid: Outcome) -> None:
    assert await gateway.find_refund(back_of(paid), None) is None
    part = back_of(paid, amount_minor=AMOUNT // 2)
    given = await gateway.refund(part)
    again = await gateway.refund(part)

    assert given.status is RefundStatus.APPROVED
    assert again == given
    assert await gateway.find_refund(part, None) == given
    assert await gateway.find_refund(part, given.refund_id) == given
    with pytest.raises(Declined):
        await gateway.refund(back_of(paid, reference="R-2", amount_minor=AMOUNT))


@pytest.mark.parametrize(
    ("end", "status"),
    [("succeeded", RefundStatus.APPROVED), ("failed", RefundStatus.DECLINED)],
)
async def test_a_refund_that_takes_its_time_is_pending_and_told_about(
    gateway: StripeGateway, sandbox: StripeSandbox, paid: Outcome, end: str, status: RefundStatus
) -> None:
    sandbox.control("settings", refund_status="pending")
    given = await gateway.refund(back_of(paid))
    assert given.status is RefundStatus.PENDING
    assert given.refund_id is not None
    assert await gateway.find_refund(back_of(paid), given.refund_id) == given

    sandbox.control(f"refunds/{given.refund_id}/status", status=end)

    notice = gateway.verify(*sandbox.event(given.refund_id, "refund.updated"))
    assert (notice.kind, notice.object_id) == (NoticeKind.REFUND, given.refund_id)
    assert notice.transaction_id == paid.transaction_id
    ended = await gateway.find_refund(back_of(paid), given.refund_id)
    assert ended is not None
    assert ended.status is status


async def test_a_conflict_leaves_the_outcome_unknown_and_the_key_safe(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    charge = sandbox.charge(CARD)
    sandbox.control("faults", fault="conflict")
    with pytest.raises(OutcomeUnknown):
        await gateway.start(charge)

    await gateway.start(charge)
    assert sandbox.references() == [charge.reference]


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
