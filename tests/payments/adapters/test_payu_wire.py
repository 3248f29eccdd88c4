"""PayU's signatures and shapes, against published vectors, the wrongly printed ones among them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mestore.payments.adapters import payu_wire as wire
from mestore.payments.adapters.payu import PayUGateway
from mestore.payments.errors import BadSignature, NotAnEvent
from simulators.payu.signing import confirmed, returned, signature
from tests.payments.adapters.payu import ACCOUNT, NOTIFY_URL

Vector = dict[str, Any]
VECTORS: list[Vector] = json.loads(
    (Path(__file__).parents[2] / "data" / "payu_vectors.json").read_text(encoding="utf-8")
)
FORM = {
    "merchant_id": ACCOUNT.merchant_id,
    "reference_sale": "ORD-2026-000001-1",
    "reference_pol": "1400449660",
    "transaction_id": "960b1c5d-8c4e-4e0c-a1d4-2c3c0e4a3d55",
    "state_pol": "4",
    "value": "65000.00",
    "currency": "COP",
    "test": "1",
    "cc_holder": "José Peña",
}


def of_kind(kind: str) -> list[Vector]:
    found = [vector for vector in VECTORS if vector["kind"] == kind]
    assert len(found) >= 2
    return found


def algorithm_of(vector: Vector) -> wire.Algorithm:
    return wire.Algorithm(vector["inputs"].get("algorithm", "md5").upper())


@pytest.mark.parametrize("vector", of_kind("request_signature"))
def test_payments_are_signed_as_published_unless_the_print_is_wrong(vector: Vector) -> None:
    given = vector["inputs"]
    names = ("apiKey", "merchantId", "referenceCode", "amount", "currency")
    sign = wire.signature(algorithm_of(vector), *(given[name] for name in names))

    assert sign == vector["computed"]
    assert wire.agrees(sign, vector["expected"].upper()) is vector["recomputed_ok"]


@pytest.mark.parametrize("vector", of_kind("confirmation_sign"))
def test_confirmations_are_signed_as_published_unless_the_print_is_wrong(vector: Vector) -> None:
    given = dict(vector["inputs"])
    key = given.pop("apiKey")
    form = FORM | {name: given[name] for name in given if name in FORM}
    body = urlencode(form | {"sign": vector["expected"]}).encode()
    read = wire.read_confirmation(body)
    sign = read.expected_sign(key, algorithm_of(vector))

    assert sign == vector["computed"]
    assert wire.agrees(sign, read.sign) is vector["recomputed_ok"]
    # The simulator has its own recipe, which must come to the same.
    names = ("merchant_id", "reference_sale", "value", "currency", "state_pol")
    parts = [confirmed(Decimal(given[n])) if n == "value" else given[n] for n in names]
    assert signature(algorithm_of(vector), key, *parts) == sign


@pytest.mark.parametrize("vector", of_kind("response_page_signature"))
def test_the_browsers_return_is_signed_half_to_even(vector: Vector) -> None:
    given = vector["inputs"]
    names = ("apiKey", "merchantId", "referenceCode", "TX_VALUE", "currency", "transactionState")
    parts = [returned(Decimal(given[n])) if n == "TX_VALUE" else given[n] for n in names]
    assert signature("MD5", *parts) == vector["expected"]


@pytest.mark.parametrize(
    ("value", "signed"),
    [
        ("150.00", "150.0"),
        ("150.26", "150.26"),
        ("150.20", "150.2"),
        ("65000.05", "65000.05"),
        ("65000", "65000.0"),
        ("65000.5", "65000.5"),
    ],
)
def test_an_amount_is_signed_with_one_decimal_where_the_second_is_zero(
    value: str, signed: str
) -> None:
    assert wire.signed_amount(value) == signed


@pytest.mark.parametrize("value", ["", "1e3", "-1.00", "1.234", "NaN", "1,5", "٣.00", "9" * 16])
def test_what_is_no_amount_signs_nothing(value: str) -> None:
    with pytest.raises(wire.Unsigned):
        wire.signed_amount(value)


def gateway() -> PayUGateway:
    """An adapter that is never called over HTTP."""
    nobody: Any = None
    return PayUGateway(ACCOUNT, nobody, "http://127.0.0.1:9", nobody, notify_url=NOTIFY_URL)


def signed(**changes: str) -> bytes:
    form = FORM | changes
    parts = (form["merchant_id"], form["reference_sale"], "65000.0", "COP", form["state_pol"])
    sign = wire.signature(wire.Algorithm.MD5, ACCOUNT.api_key, *parts)
    return urlencode(form | {"sign": sign}).encode()


def test_a_confirmation_is_a_notice_about_its_order_and_transaction() -> None:
    notice = gateway().verify({}, signed())
    assert notice.transaction_id == f"{FORM['reference_pol']}-{FORM['transaction_id']}"
    assert notice.reference == FORM["reference_sale"]


def test_a_form_of_another_order_takes_no_key_away() -> None:
    keys = {
        gateway().verify({}, signed(**changes)).event_key
        for changes in (
            {},
            {"state_pol": "6"},
            {"transaction_id": "960b1c5d-0000-4e0c-a1d4-2c3c0e4a3d55"},
            {"reference_pol": "1400449661"},
            # Somebody's own genuine signature, sent with the ids of this one.
            {"reference_sale": "ORD-2026-000002-1"},
        )
    }
    assert len(keys) == 5


@pytest.mark.parametrize(
    "body",
    [
        signed().replace(b"state_pol=4", b"state_pol=6"),
        signed().replace(b"value=65000.00", b"value=1.00"),
        signed().replace(b"value=65000.00", b"value=x"),
        signed().replace(b"sign=", b"sign_="),
        signed() + b"&state_pol=4",
        signed().replace(b"currency=COP", b"currency=USD"),
    ],
)
def test_an_altered_confirmation_is_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        gateway().verify({}, body)


@pytest.mark.parametrize(
    "body",
    [
        signed(merchant_id="508029"),
        signed(transaction_id="../../x"),
        signed(reference_pol="x"),
        b"&".join(b"a%d=1" % number for number in range(1000)),
        urlencode({**FORM, "merchant_id": ""}).encode(),
    ],
)
def test_what_is_not_about_our_account_is_no_event(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        gateway().verify({}, body)


def test_names_in_any_encoding_are_no_obstacle() -> None:
    body = signed().replace(b"Jos%C3%A9", b"Jos%E9") + b"&x=\xff"
    assert gateway().verify({}, body).reference == FORM["reference_sale"]


def test_amounts_are_read_without_floats() -> None:
    body = b'{"code":"SUCCESS","result":{"payload":{"id":1,"referenceCode":"r","transactions":[{"id":"t","additionalValues":{"TX_VALUE":{"value":65000.10,"currency":"COP"}}}]}}}'  # noqa: E501
    reply = wire.decode(body, wire.OrderReply)
    assert reply.result is not None
    assert reply.result.payload is not None
    (found,) = reply.result.payload.transactions or []
    assert (found.additional_values or {})["TX_VALUE"].value == Decimal("65000.10")


@pytest.mark.parametrize("body", [b"", b"<xml/>", b'{"code":"SUC', b"[]", b'{"error":"x"}'])
def test_a_broken_answer_is_not_payu(body: bytes) -> None:
    with pytest.raises(wire.NotPayU):
        wire.decode(body, wire.SubmitReply)
