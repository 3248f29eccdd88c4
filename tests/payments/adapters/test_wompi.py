"""The Wompi adapter against its simulator: the contract of every gateway, and Wompi's own ways."""

import asyncio
from dataclasses import replace

import pytest
import structlog

from mestore.kernel.breaker import CircuitState
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.errors import (
    Declined,
    GatewayUnavailable,
    NotSubmitted,
    OutcomeUnknown,
    TransactionUnknown,
)
from mestore.payments.types import AttemptStatus, PaymentMethod
from tests.contracts.payment_gateway import PaymentGatewayContract, new_charge
from tests.payments.conftest import KEYS, Bench, WompiSandbox

CARD, PSE, NEQUI = PaymentMethod.CARD, PaymentMethod.PSE, PaymentMethod.NEQUI


class TestContract(PaymentGatewayContract):
    """Wompi keeps what every gateway promises."""


async def test_a_pse_payment_says_who_pays_with_which_bank(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    charge = sandbox.charge(PSE)
    await gateway.start(charge)

    [sent] = sandbox.transactions()
    extra = sent["payment_method"].pop("extra")
    assert extra == {}
    assert sent["payment_method"] == {
        "type": "PSE",
        "user_type": 0,
        "user_legal_id_type": "CC",
        "user_legal_id": "1999888777",
        "financial_institution_code": "1",
        "payment_description": "Pedido MS-2026-000001 en MeSto",
    }
    assert sent["customer_data"] == {
        "full_name": "Ana Gómez",
        "phone_number": "573001112233",
        "legal_id": "1999888777",
        "legal_id_type": "CC",
    }
    assert sent["customer_email"] == "ana@example.com"
    assert sent["redirect_url"] == "https://shop.example/return"
    assert sent["taxes"] == [{"type": "VAT", "amount_in_cents": 1_037_815}]


async def test_the_payer_named_with_the_method_comes_before_the_buyer(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    charge = sandbox.charge(PSE)
    named = {"full_name": "Luis Rojas", "phone_number": "310 222 3344"}
    await gateway.start(replace(charge, details={**charge.details, **named}))

    [sent] = sandbox.transactions()
    assert sent["customer_data"]["full_name"] == "Luis Rojas"
    assert sent["customer_data"]["phone_number"] == "3102223344"


async def test_a_card_payment_has_its_token_and_instalments_and_no_tax_of_zero(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    charge = replace(sandbox.charge(CARD), installments=12, tax_minor=0)
    await gateway.start(charge)

    [sent] = sandbox.transactions()
    assert sent["payment_method"]["token"] == charge.details["token"]
    assert sent["payment_method"]["installments"] == 12
    assert sent["taxes"] == []


@pytest.mark.parametrize(
    "phone", ["3991111111", "+573991111111", "+57 399 111 11 11", "57 3991111111", "(399) 111-1111"]
)
async def test_a_nequi_phone_is_sent_as_its_ten_digits(
    gateway: WompiGateway, sandbox: WompiSandbox, phone: str
) -> None:
    await gateway.start(new_charge(NEQUI, {"phone_number": phone}))

    [sent] = sandbox.transactions()
    assert sent["payment_method"]["phone_number"] == "3991111111"


@pytest.mark.parametrize("phone", ["+1 305 555 0000 00", "300111", "", None])
async def test_a_phone_that_is_no_colombian_mobile_is_declined_and_never_bent_into_one(
    gateway: WompiGateway, sandbox: WompiSandbox, phone: str | None
) -> None:
    with pytest.raises(Declined, match=r"payment_method\.phone_number"):
        await gateway.start(new_charge(NEQUI, {"phone_number": phone}))

    assert sandbox.references() == []


async def test_a_pse_payment_without_its_fields_is_declined_by_name(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    with pytest.raises(Declined, match="user_legal_id"):
        await gateway.start(new_charge(PSE, {"user_type": 0}))

    assert sandbox.references() == []


async def test_the_bank_page_of_pse_shows_up_while_it_is_polled(
    gateway: WompiGateway, sandbox: WompiSandbox, wompi_url: str
) -> None:
    opened = await gateway.start(sandbox.charge(PSE))
    first = await gateway.fetch(opened.transaction_id)
    second = await gateway.fetch(opened.transaction_id)

    assert (opened.payment_url, first.payment_url) == (None, None)
    assert second.payment_url == f"{wompi_url}/bank/{opened.transaction_id}"


@pytest.mark.parametrize(
    ("method", "status", "code"),
    [
        (CARD, AttemptStatus.APPROVED, None),
        (CARD, AttemptStatus.VOIDED, None),
        (CARD, AttemptStatus.DECLINED, "12"),
        (CARD, AttemptStatus.ERROR, "96"),
        (PSE, AttemptStatus.DECLINED, "La transacción fue rechazada (Sandbox)"),
        (NEQUI, AttemptStatus.ERROR, "Número no válido en Sandbox"),
    ],
)
async def test_an_end_has_the_reason_that_wompi_gives(
    gateway: WompiGateway,
    sandbox: WompiSandbox,
    method: PaymentMethod,
    status: AttemptStatus,
    code: str | None,
) -> None:
    opened = await gateway.start(sandbox.charge(method))
    sandbox.finish(opened.transaction_id, status)

    ended = await gateway.fetch(opened.transaction_id)

    assert (ended.status, ended.decline_code) == (status, code)


async def test_the_amount_is_what_wompi_says_not_what_was_asked(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    opened = await gateway.start(sandbox.charge(PSE))
    sandbox.shop.control(
        f"transactions/{opened.transaction_id}/status",
        status="APPROVED",
        amount_in_cents=999_999_999_999,
        send_event=False,
    )
    assert (await gateway.fetch(opened.transaction_id)).amount_minor == 999_999_999_999


async def test_only_transactions_are_asked_for_with_the_private_key(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    opened = await gateway.start(sandbox.charge(PSE))
    await gateway.fetch(opened.transaction_id)
    await gateway.find(opened.reference)
    await gateway.banks()

    keys = {
        path: request.headers["Authorization"].removeprefix("Bearer ")
        for path, request in zip(bench.paths(), bench.sent, strict=True)
    }
    assert keys == {
        f"GET /v1/merchants/{KEYS.public}": KEYS.public,
        "POST /v1/transactions": KEYS.private,
        f"GET /v1/transactions/{opened.transaction_id}": KEYS.private,
        "GET /v1/transactions": KEYS.private,
        "GET /v1/pse/financial_institutions": KEYS.public,
    }


async def test_a_key_that_wompi_does_not_know_submits_nothing(
    bench: Bench, sandbox: WompiSandbox
) -> None:
    stranger = bench.gateway(replace(KEYS, private="prv_test_of_somebody_else"))
    with pytest.raises(NotSubmitted):
        await stranger.start(sandbox.charge(PSE))
    with pytest.raises(GatewayUnavailable):
        await stranger.find("MS-1-1")

    assert sandbox.references() == []


async def test_a_wrong_integrity_secret_is_told_and_submits_nothing(
    bench: Bench, sandbox: WompiSandbox
) -> None:
    wrong = bench.gateway(replace(KEYS, integrity="test_integrity_of_somebody_else"))
    with pytest.raises(Declined, match="signature: La firma es inválida"):
        await wrong.start(sandbox.charge(PSE))

    assert sandbox.references() == []


def test_keys_do_not_print_their_secrets() -> None:
    assert repr(KEYS) == f"WompiKeys(public={KEYS.public!r})"


async def test_without_acceptance_tokens_nothing_is_submitted(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    charge = sandbox.charge(PSE)
    sandbox.shop.break_next("merchant", "error_500_before", times=3)
    with pytest.raises(NotSubmitted):
        await gateway.start(charge)
    assert sandbox.references() == []

    assert (await gateway.start(charge)).status is AttemptStatus.PENDING


async def test_acceptance_tokens_are_asked_for_again_after_five_minutes(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    merchant = f"GET /v1/merchants/{KEYS.public}"
    await gateway.start(sandbox.charge(PSE))
    bench.now += 299
    await gateway.start(sandbox.charge(PSE))
    assert bench.paths().count(merchant) == 1

    bench.now += 1
    await gateway.start(sandbox.charge(PSE))
    assert bench.paths().count(merchant) == 2


async def test_acceptance_tokens_that_wompi_refuses_are_replaced_once(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    sandbox.shop.control("settings", single_use_acceptance=True)
    await gateway.start(sandbox.charge(PSE))

    again = await gateway.start(sandbox.charge(PSE))

    assert again.status is AttemptStatus.PENDING
    assert bench.paths().count("POST /v1/transactions") == 3
    assert len(sandbox.references()) == 2


@pytest.mark.parametrize("fault", ["half_json", "refuse", "error_500_before"])
async def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench, fault: str
) -> None:
    sandbox.shop.break_next("create", fault)
    with pytest.raises(OutcomeUnknown):
        await gateway.start(sandbox.charge(PSE))

    assert bench.paths().count("POST /v1/transactions") == 1


async def test_a_taken_reference_that_cannot_be_looked_up_is_unknown(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    charge = sandbox.charge(PSE)
    opened = await gateway.start(charge)
    sandbox.shop.break_next("list", "error_500_before", times=3)
    with pytest.raises(OutcomeUnknown):
        await gateway.start(charge)

    found = await gateway.find(charge.reference)
    assert found is not None
    assert found.transaction_id == opened.transaction_id


@pytest.mark.parametrize("fault", ["error_500_before", "half_json", "refuse"])
async def test_a_read_is_tried_three_times(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench, fault: str
) -> None:
    opened = await gateway.start(sandbox.charge(PSE))
    fetching = f"GET /v1/transactions/{opened.transaction_id}"

    sandbox.shop.break_next("fetch", fault, times=2)
    assert (await gateway.fetch(opened.transaction_id)).reference == opened.reference
    assert bench.paths().count(fetching) == 3

    sandbox.shop.break_next("fetch", fault, times=3)
    with pytest.raises(GatewayUnavailable):
        await gateway.fetch(opened.transaction_id)
    assert bench.paths().count(fetching) == 6


async def test_the_log_of_a_read_tried_again_holds_no_key(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    sandbox.shop.break_next("list", "error_500_before")
    with structlog.testing.capture_logs() as logs:
        await gateway.find("MS-1-1")

    assert [entry["event"] for entry in logs] == ["stamina.retry_scheduled"]
    assert KEYS.private not in repr(logs)


async def test_a_read_refused_as_too_many_is_not_tried_again_at_once(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    sandbox.shop.break_next("list", "rate_limit")
    with pytest.raises(GatewayUnavailable):
        await gateway.find("MS-1-1")

    assert bench.paths() == ["GET /v1/transactions"]


async def test_a_method_that_fails_five_times_is_left_alone_and_the_others_go_on(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    sandbox.shop.break_next("create", "rate_limit", times=5)
    for _ in range(5):
        with pytest.raises(NotSubmitted):
            await gateway.start(sandbox.charge(PSE))
    asked = len(bench.sent)

    with pytest.raises(NotSubmitted) as refusal:
        await gateway.start(sandbox.charge(PSE))

    assert refusal.value.details["retry_after"] == 30
    assert len(bench.sent) == asked
    assert bench.breaker.snapshot()["wompi", "PSE"] is CircuitState.OPEN
    assert (await gateway.start(sandbox.charge(NEQUI))).status is AttemptStatus.PENDING

    bench.now += 30
    assert (await gateway.start(sandbox.charge(PSE))).status is AttemptStatus.PENDING
    assert bench.breaker.snapshot()["wompi", "PSE"] is CircuitState.CLOSED


async def test_refused_data_and_unknown_ids_open_no_circuit(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    for _ in range(6):
        with pytest.raises(Declined):
            await gateway.start(sandbox.invalid_charge())
        with pytest.raises(TransactionUnknown):
            await gateway.fetch("1-1111111111-99999")

    assert set(bench.breaker.snapshot().values()) == {CircuitState.CLOSED}


async def test_an_open_circuit_of_reads_is_an_unavailable_gateway(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    sandbox.shop.break_next("list", "rate_limit", times=5)
    for _ in range(5):
        with pytest.raises(GatewayUnavailable):
            await gateway.find("MS-1-1")

    with pytest.raises(GatewayUnavailable) as refusal:
        await gateway.find("MS-1-1")

    assert refusal.value.details["retry_after"] == 30
    assert len(bench.sent) == 5


async def test_banks_are_asked_for_once_a_day_and_once_for_all_who_wait(
    gateway: WompiGateway, bench: Bench
) -> None:
    lists = await asyncio.gather(*(gateway.banks() for _ in range(10)))
    assert all(banks == lists[0] for banks in lists)
    bench.now += 86_399
    await gateway.banks()
    assert len(bench.sent) == 1

    bench.now += 1
    await gateway.banks()
    assert len(bench.sent) == 2


async def test_the_last_banks_and_documents_known_serve_while_wompi_is_down(
    gateway: WompiGateway, sandbox: WompiSandbox, bench: Bench
) -> None:
    banks, documents = await gateway.banks(), await gateway.acceptance()
    bench.now += 86_400
    sandbox.shop.break_next("any", "error_500_before", times=6)

    assert await gateway.banks() == banks
    assert await gateway.acceptance() == documents
    assert len(bench.sent) == 8
