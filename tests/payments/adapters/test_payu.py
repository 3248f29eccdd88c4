"""The PayU adapter against its simulator: the contract, and PayU's own ways."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.breaker import Breaker
from mestore.payments.adapters.payu import PRODUCTION_URL, PayUGateway
from mestore.payments.adapters.payu_wire import Algorithm
from mestore.payments.errors import Declined, NotAnEvent, NotSubmitted, OutcomeUnknown
from mestore.payments.ports import PaymentGateway
from mestore.payments.types import AttemptStatus, Outcome, PaymentMethod
from simulators.local import serving
from simulators.payu.app import create_app
from tests.contracts.money_back import RefundingSandbox
from tests.contracts.payment_gateway import PaymentGatewayContract
from tests.payments.adapters.payu import ACCOUNT, NOTIFY_URL, PSE, PayUSandbox, card
from tests.simulators.payu_shop import PayUShop, own_id

CASH = (PaymentMethod.EFECTY, PaymentMethod.CASH, PaymentMethod.BANK_REFERENCE)


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
        shop.control("reset")


def gateway_at(http: httpx2.AsyncClient, url: str, **more: Any) -> PayUGateway:  # noqa: ANN401
    account = more.pop("account", ACCOUNT)
    return PayUGateway(account, http, url, Breaker(), notify_url=NOTIFY_URL, **more)


@pytest.fixture
async def gateway(payu_url: str, sandbox: PayUSandbox) -> AsyncIterator[PayUGateway]:
    async with network.client() as http:
        yield gateway_at(http, payu_url)


@pytest.fixture
async def impatient(payu_url: str, sandbox: PayUSandbox) -> AsyncIterator[PayUGateway]:
    async with network.client(total_seconds=0.3) as http:
        yield gateway_at(http, payu_url)


@pytest.fixture
async def unreachable(nobody_listens: int) -> AsyncIterator[PayUGateway]:
    async with network.client() as http:
        yield gateway_at(http, f"http://127.0.0.1:{nobody_listens}")


class TestContract(PaymentGatewayContract):
    """PayU keeps what every gateway promises; its cards end at once."""

    ends_at_once: ClassVar[frozenset[PaymentMethod]] = frozenset({PaymentMethod.CARD})
    is_reviewed: ClassVar[bool] = True

    async def paid(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox, method: PaymentMethod
    ) -> Outcome:
        """Take money eleven minutes ago: PayU gives none back earlier."""
        assert isinstance(sandbox, PayUSandbox)
        sandbox.shop.control("clock", seconds=-660)
        paid = await super().paid(gateway, sandbox, method)
        sandbox.shop.control("clock", seconds=660)
        return paid

    def altered(self, body: bytes, opened: Outcome) -> bytes:
        """PayU signs our reference and not its own ids."""
        return body.replace(opened.reference.encode(), b"MS-2026-OTHER-1")


async def test_a_card_goes_out_as_a_token_and_never_as_a_number(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    sent: list[bytes] = []

    async def remember(request: httpx2.Request) -> None:
        sent.append(request.content)

    gateway.client.http.event_hooks["request"].append(remember)
    paid = await gateway.start(replace(sandbox.charge(PaymentMethod.CARD), installments=36))

    assert paid.status is AttemptStatus.APPROVED
    assert b'"creditCardTokenId":"token-approved"' in sent[-1]
    assert b'"INSTALLMENTS_NUMBER":36' in sent[-1]
    assert b'"number"' not in sent[-1]
    assert b'"securityCode"' not in sent[-1]
    found = await gateway.fetch(paid.transaction_id)
    assert found.card is not None
    assert (found.card.brand, found.card.bin, found.card.last_four) == ("visa", "411111", "1111")


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("token-rejected", AttemptStatus.DECLINED, "ENTITY_DECLINED"),
        ("token-pending", AttemptStatus.PENDING, None),
        # Asked again at once, so that it is a definite answer.
        ("token-error", AttemptStatus.ERROR, "INTERNAL_PAYMENT_PROVIDER_ERROR"),
    ],
)
async def test_a_card_ends_as_its_bank_says(
    gateway: PayUGateway,
    sandbox: PayUSandbox,
    token: str,
    status: AttemptStatus,
    code: str | None,
) -> None:
    ended = await gateway.start(sandbox.charge(PaymentMethod.CARD, card(token)))

    assert (ended.status, ended.decline_code) == (status, code)


async def test_holders_of_the_published_names_end_as_their_card_says(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    for holder, expires, status in (
        ("APPROVED", "2039/03", AttemptStatus.APPROVED),
        ("REJECTED", "2039/09", AttemptStatus.DECLINED),
    ):
        token = sandbox.shop.token(holder, expires)
        ended = await gateway.start(sandbox.charge(PaymentMethod.CARD, card(token)))
        assert ended.status is status


async def test_an_error_that_cannot_be_asked_about_is_unknown(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    charge = sandbox.charge(PaymentMethod.CARD, card("token-error"))
    # The first question is whether there is such a reference, the later ones what came of it.
    await gateway.find("warm-up")
    client = gateway.client
    asked = 0

    async def cut(request: httpx2.Request) -> None:
        nonlocal asked
        asked += b"ORDER_DETAIL_BY" in request.content
        if asked > 1:
            raise httpx2.ReadTimeout("cut")

    client.http.event_hooks["request"].append(cut)
    with pytest.raises(OutcomeUnknown):
        await gateway.start(charge)
    assert sandbox.references() == [charge.reference]


async def test_pse_gives_the_page_of_the_bank_and_goes_out_as_documented(
    gateway: PayUGateway, sandbox: PayUSandbox, payu_url: str
) -> None:
    opened = await gateway.start(sandbox.charge(PaymentMethod.PSE))
    page = f"{payu_url}/pay/{own_id(opened.transaction_id)}"
    assert opened.payment_url == page

    pep = await gateway.start(
        sandbox.charge(PaymentMethod.PSE, PSE | {"user_legal_id_type": "PEP", "user_type": 1})
    )
    assert pep.status is AttemptStatus.PENDING
    placeholder = PSE | {"financial_institution_code": "0"}
    with pytest.raises(Declined):
        await gateway.start(sandbox.charge(PaymentMethod.PSE, placeholder))


@pytest.mark.parametrize("method", CASH)
async def test_cash_gives_a_voucher_that_ends_within_a_week(
    gateway: PayUGateway, sandbox: PayUSandbox, method: PaymentMethod
) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    charge = replace(sandbox.charge(method), expires_at=until)
    opened = await gateway.start(charge)
    late = replace(sandbox.charge(method), expires_at=until + timedelta(days=30))

    assert opened.voucher is not None
    assert opened.voucher.expires_at == until
    assert opened.voucher.receipt_url is not None
    assert (opened.voucher.agreement is not None) == (method is PaymentMethod.BANK_REFERENCE)
    assert (await gateway.fetch(opened.transaction_id)).voucher == opened.voucher
    shortened = (await gateway.start(late)).voucher
    assert shortened is not None
    assert shortened.expires_at is not None
    assert shortened.expires_at <= until + timedelta(days=4, minutes=1)


@pytest.mark.parametrize(
    ("phone", "status"),
    [
        ("3007777777", AttemptStatus.APPROVED),
        ("+57 300 777 7776", AttemptStatus.DECLINED),
        ("3007777775", AttemptStatus.PENDING),
        ("3007777774", AttemptStatus.ERROR),
        ("573007777772", AttemptStatus.DECLINED),
    ],
)
async def test_nequi_ends_after_five_minutes(
    gateway: PayUGateway, sandbox: PayUSandbox, phone: str, status: AttemptStatus
) -> None:
    opened = await gateway.start(sandbox.charge(PaymentMethod.NEQUI, {"phone_number": phone}))
    assert opened.status is AttemptStatus.PENDING
    sandbox.shop.control("clock", seconds=290)
    assert (await gateway.fetch(opened.transaction_id)).status is AttemptStatus.PENDING

    sandbox.shop.control("clock", seconds=20)

    assert (await gateway.fetch(opened.transaction_id)).status is status


async def test_a_phone_that_nequi_does_not_know_is_declined_at_once(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    charge = sandbox.charge(PaymentMethod.NEQUI, {"phone_number": "3006666666"})
    assert (await gateway.start(charge)).status is AttemptStatus.DECLINED


async def test_a_declined_try_never_undoes_an_approved_one(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    opened = await gateway.start(sandbox.charge(PaymentMethod.PSE))
    sandbox.finish(opened.transaction_id, AttemptStatus.DECLINED)
    path = f"transactions/{own_id(opened.transaction_id)}/again"
    second = sandbox.shop.control(path, state="APPROVED")["id"]

    for found in (
        await gateway.fetch(opened.transaction_id),
        await gateway.find(opened.reference),
    ):
        assert found is not None
        assert found.status is AttemptStatus.APPROVED
        assert found.transaction_id.endswith(second)


async def test_a_second_approval_is_told_apart(gateway: PayUGateway, sandbox: PayUSandbox) -> None:
    paid = await gateway.start(sandbox.charge(PaymentMethod.CARD))
    path = f"transactions/{own_id(paid.transaction_id)}/again"
    second = sandbox.shop.control(path, state="APPROVED")["id"]

    told = f"{paid.transaction_id.split('-')[0]}-{second}"
    assert (await gateway.fetch(told)).transaction_id == told
    assert (await gateway.fetch(paid.transaction_id)).transaction_id == paid.transaction_id


async def test_centavos_are_refused_before_anything_is_sent(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    charge = replace(sandbox.charge(PaymentMethod.CARD), amount_minor=6_500_050)
    with pytest.raises(Declined):
        await gateway.start(charge)
    assert sandbox.references() == []
    assert not gateway.profile.limits[PaymentMethod.CARD].allow(6_500_050)


async def test_an_order_without_tax_says_so_with_two_zeroes(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    charge = replace(sandbox.charge(PaymentMethod.CARD), tax_minor=0)
    assert (await gateway.start(charge)).status is AttemptStatus.APPROVED


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("Invalid credentials", NotSubmitted),
        ("Internal error", OutcomeUnknown),
        ("[TX_VALUE] is too small", Declined),
    ],
)
async def test_a_refusal_with_status_200_is_read_by_its_code(
    gateway: PayUGateway, sandbox: PayUSandbox, error: str, kind: type[Exception]
) -> None:
    sandbox.shop.break_next("charge", "code_error", error=error)
    with pytest.raises(kind):
        await gateway.start(sandbox.charge(PaymentMethod.CARD))
    assert sandbox.references() == []


async def test_a_charge_is_not_sent_while_nobody_can_say_whether_it_was_sent_before(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    sandbox.shop.break_next("orders", "error_500_before", times=3)
    with pytest.raises(NotSubmitted):
        await gateway.start(sandbox.charge(PaymentMethod.CARD))
    assert sandbox.references() == []


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_every_algorithm_signs_payments_and_confirmations(
    payu_url: str, sandbox: PayUSandbox, algorithm: Algorithm
) -> None:
    sandbox.shop.control("settings", algorithm=algorithm.value)
    async with network.client() as http:
        gateway = gateway_at(http, payu_url, account=replace(ACCOUNT, algorithm=algorithm))
        paid = await gateway.start(sandbox.charge(PaymentMethod.CARD))
        notice = gateway.verify(*sandbox.event(paid.transaction_id))

    assert paid.status is AttemptStatus.APPROVED
    assert notice.transaction_id == paid.transaction_id


async def test_a_confirmation_has_two_decimals_and_another_key_for_another_state(
    gateway: PayUGateway, sandbox: PayUSandbox
) -> None:
    opened = await gateway.start(sandbox.charge(PaymentMethod.PSE))
    keys = set()
    for status in (AttemptStatus.DECLINED, AttemptStatus.APPROVED):
        sandbox.finish(opened.transaction_id, status)
        headers, body = sandbox.event(opened.transaction_id)
        assert parse_qs(body.decode())["value"] == ["65000.00"]
        keys.add(gateway.verify(headers, body).event_key)
    assert len(keys) == 2


async def test_production_believes_no_test_order(sandbox: PayUSandbox, payu_url: str) -> None:
    async with network.client() as http:
        testing, real = gateway_at(http, payu_url), gateway_at(http, PRODUCTION_URL)
        paid = await testing.start(sandbox.charge(PaymentMethod.CARD))

    assert (testing.profile.environment, real.profile.environment) == ("test", "production")
    with pytest.raises(NotAnEvent):
        real.verify(*sandbox.event(paid.transaction_id))


def test_the_account_does_not_print_its_secrets() -> None:
    assert ACCOUNT.api_key not in repr(ACCOUNT)
    assert ACCOUNT.api_login not in repr(ACCOUNT)
