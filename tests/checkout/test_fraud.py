"""Fraud screening: named rules, a score that clients see, and no refusal for an address alone."""

import pytest

from mestore.checkout.service.pay import pay
from mestore.checkout.types import Outside, PayRequest
from mestore.payments.errors import PaymentRefused
from mestore.payments.fraud import FraudPolicy, Seen, TraceKind, clues_of, screen
from mestore.payments.types import AttemptStatus, Payer, PaymentMethod
from tests.checkout.bank import Bank
from tests.checkout.paying import latest, paying
from tests.checkout.till import Till, guest, said

PAYER = Payer("a@example.com", "Persona Ejemplo", legal_id="1023456789", ip_address="203.0.113.9")


def test_an_address_alone_never_refuses() -> None:
    seen = {TraceKind.ADDRESS: Seen(10_000, 10_000, frozenset())}

    found = screen(FraudPolicy(), clues_of(PAYER), seen, 1)

    assert 0 < found.score < FraudPolicy().refuse_from
    assert found.reasons == ("address_velocity: 10001",)


async def test_declines_of_one_person_add_up_and_are_shown(
    till: Till, bank: Bank, outside: Outside
) -> None:
    for _ in range(4):
        order = await till.place(await till.build.product())
        await paying(outside, order.id)
        await till.settle(said(await latest(till, order.id), AttemptStatus.DECLINED))
    order = await till.place(await till.build.product())

    shown = await paying(outside, order.id)

    assert shown["fraud_score"] == 40
    assert shown["fraud_reasons"] == ["email_declines: 4"]


async def test_what_looks_like_card_testing_is_refused_before_any_gateway_is_called(
    till: Till, bank: Bank, outside: Outside
) -> None:
    async def try_one(name: str) -> None:
        order = await till.place(await till.build.product())
        details = {"user_legal_id_type": "CC", "user_legal_id": "1023456789"}
        request = PayRequest(order.id, PaymentMethod.NEQUI, None, 1, details, full_name=name)
        await pay(outside, guest(), request, None)
        await till.settle(said(await latest(till, order.id), AttemptStatus.DECLINED))

    for name in ("One Person", "Another Person", "Third Person", "Fourth Person"):
        await try_one(name)
    calls = len(bank.started)

    with pytest.raises(PaymentRefused):
        await try_one("Fifth Person")

    assert len(bank.started) == calls
