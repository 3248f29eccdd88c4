"""Answers to a payment that no simulator would give: what the Wompi adapter makes of them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from mestore.payments.errors import NotSubmitted, OutcomeUnknown
from mestore.payments.types import AttemptStatus, Charge, PaymentMethod
from tests.contracts.payment_gateway import AMOUNT, new_charge
from tests.payments.adapters.canned import Canned, canned
from tests.payments.conftest import KEYS, Bench


@pytest.fixture
async def stranger() -> AsyncIterator[Canned]:
    """A provider that opens payments as no simulator would."""
    async with canned() as server:
        token = '{"acceptance_token": "t", "permalink": "https://wompi.example/x.pdf"}'
        body = f'{{"presigned_acceptance": {token}, "presigned_personal_data_auth": {token}}}'
        server.answer(f"GET /v1/merchants/{KEYS.public}", "200 OK", f'{{"data": {body}}}')
        yield server


def pse_charge() -> Charge:
    return new_charge(PaymentMethod.PSE, {"financial_institution_code": "1"})


def opened(charge: Charge, **changes: object) -> str:
    reference = changes.get("reference", charge.reference)
    status = changes.get("status", "PENDING")
    return (
        f'{{"data": {{"id": "1-2-3", "reference": "{reference}", "status": "{status}",'
        f' "amount_in_cents": {AMOUNT}, "currency": "COP"}}}}'
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("422 Unprocessable", "<html>"),
        ("422 Unprocessable", '{"error": {"type": "X", "messages": {}}}'),
        ("302 Found", ""),
        ("409 Conflict", "{}"),
        ("502 Bad Gateway", "<html>"),
        ("201 Created", "<html>"),
        ("201 Created", opened(pse_charge())),
    ],
)
async def test_an_answer_that_wompi_does_not_document_leaves_the_outcome_unknown(
    bench: Bench, stranger: Canned, status: str, body: str
) -> None:
    stranger.answer("POST /v1/transactions", status, body, "Location: /v1/elsewhere")
    with pytest.raises(OutcomeUnknown):
        await bench.gateway(url=stranger.url).start(pse_charge())

    assert stranger.asked.count("POST /v1/transactions") == 1


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "429"])
async def test_a_definite_no_before_processing_submits_nothing(
    bench: Bench, stranger: Canned, status: str
) -> None:
    stranger.answer("POST /v1/transactions", f"{status} No", "{}")
    with pytest.raises(NotSubmitted):
        await bench.gateway(url=stranger.url).start(pse_charge())


async def test_a_taken_reference_that_is_not_listed_yet_is_unknown(
    bench: Bench, stranger: Canned
) -> None:
    messages = '{"reference": ["La referencia ya ha sido usada"]}'
    refusal = f'{{"error": {{"type": "INPUT_VALIDATION_ERROR", "messages": {messages}}}}}'
    stranger.answer("POST /v1/transactions", "422 Unprocessable", refusal)
    stranger.answer("GET /v1/transactions", "200 OK", '{"data": []}')
    with pytest.raises(OutcomeUnknown):
        await bench.gateway(url=stranger.url).start(pse_charge())


async def test_a_status_that_was_never_documented_is_not_final(
    bench: Bench, stranger: Canned
) -> None:
    charge = pse_charge()
    stranger.answer("POST /v1/transactions", "201 Created", opened(charge, status="IN_REVIEW"))

    started = await bench.gateway(url=stranger.url).start(charge)

    assert started.status is AttemptStatus.PENDING


async def test_an_answer_that_drips_longer_than_the_deadline_is_unknown(
    bench: Bench, stranger: Canned
) -> None:
    charge = pse_charge()
    stranger.answer("POST /v1/transactions", "201 Created", opened(charge))
    stranger.drips = True
    with pytest.raises(OutcomeUnknown):
        await bench.gateway(url=stranger.url, deadline_seconds=0.3).start(charge)


async def test_a_merchant_that_wompi_does_not_know_submits_nothing(bench: Bench) -> None:
    nobody = bench.gateway(replace(KEYS, public="pub_test_nobody"))
    with pytest.raises(NotSubmitted):
        await nobody.start(pse_charge())
