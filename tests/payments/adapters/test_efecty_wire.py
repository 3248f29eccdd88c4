"""What the network of Efecty sends: signed messages and collection files, good and hostile."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from mestore.payments.adapters.efecty import EfectyGateway
from mestore.payments.adapters.efecty_wire import MOST_LINES
from mestore.payments.errors import (
    BadSignature,
    CollectionLineInvalid,
    CollectionTooLong,
    CollectionTrailerWrong,
    CollectionUnreadable,
    NotAnEvent,
    OtherAgreement,
)
from mestore.payments.ports import CashBook, CashNetwork
from mestore.payments.vouchers import CashKind
from simulators.efecty.messages import collection
from tests.contracts.payment_gateway import AMOUNT
from tests.payments.adapters.efecty_counter import POLICY, message


@pytest.fixture
def gateway() -> EfectyGateway:
    """The adapter, whose book is not opened by what is read."""
    return EfectyGateway(POLICY, cast(CashBook, None))


def test_it_is_a_network_of_counters(gateway: EfectyGateway) -> None:
    assert isinstance(gateway, CashNetwork)


def test_a_message_is_about_our_agreement_and_signed_over_every_field(
    gateway: EfectyGateway,
) -> None:
    told = gateway.payment_of(message("110000000015"))
    assert (told.amount_minor, told.kind) == (AMOUNT, CashKind.PAID)
    assert told.point == "Punto 7, Cúcuta"
    assert gateway.payment_of(message("110000000015", estado="ANULADA")).kind is CashKind.ANNULLED
    assert gateway.payment_of(message("110000000015", valor="65000")).amount_minor == AMOUNT
    with pytest.raises(OtherAgreement):
        gateway.payment_of(message("110000000015", convenio="110634"))
    fields = json.loads(message("110000000015"))
    for name, value in fields.items():
        with pytest.raises((BadSignature, NotAnEvent)):
            gateway.payment_of(json.dumps(fields | {name: f"{value}1"}).encode())
    with pytest.raises(BadSignature):
        gateway.payment_of(json.dumps(fields | {"otro": "x"}).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"valor": 0},
        {"valor": -5},
        {"valor": "65000.0"},
        {"valor": 10**12},
        {"referencia": "11x"},
        {"referencia": "000"},
        {"referencia": "1" * 26},
        {"autorizacion": ""},
        {"autorizacion": "A-1"},
        {"autorizacion": "x" * 41},
        {"fecha": "2026-02-30 10:00:00"},
        {"fecha": "9999-12-31 23:59:59"},
        {"fecha": "mañana"},
        {"estado": "DEVUELTA"},
        {"punto": "a\nautorizacion=B"},
    ],
)
def test_a_signed_message_that_makes_no_sense_is_no_event(
    gateway: EfectyGateway, changes: dict[str, str | int]
) -> None:
    with pytest.raises(NotAnEvent):
        gateway.payment_of(message("110000000015", **changes))


def paid(reference: str, value: int, authorization: str) -> dict[str, str | int]:
    """A payment as a counter has it in its list."""
    moment = "2026-11-21 10:15:00"
    return {
        "referencia": reference,
        "valor": value,
        "fecha": moment,
        "autorizacion": authorization,
        "punto": "Punto 7",
    }


TWO = [paid("001100000015", 65000, "A1"), paid("110000123452", 20000, "B2")]


def test_a_collection_file_is_read_with_its_zeros_stripped(gateway: EfectyGateway) -> None:
    text = collection(TWO, "right", strip_zeros=True)
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode(), f'"01"|x|y\n{text}'.encode()):
        file = gateway.collection_of(content)
        assert file.total_minor == 8_500_000
        first, second = [line.payment for line in file.lines]
        assert first.transaction_id == "1100000015-A1"
        assert first.paid_at == datetime(2026, 11, 21, 15, 15, tzinfo=UTC)
        assert (second.authorization, second.amount_minor, second.point) == (
            "B2",
            2_000_000,
            "Punto 7",
        )


def test_without_an_authorization_the_second_of_the_payment_stands_for_it(
    gateway: EfectyGateway,
) -> None:
    text = collection([paid("110000000015", 65000, "")], "right", strip_zeros=True)
    (line,) = gateway.collection_of(text.encode()).lines
    assert line.payment.authorization == "F20261121101500"


@pytest.mark.parametrize("trailer", ["count", "total"])
def test_a_wrong_trailer_says_both_sums(gateway: EfectyGateway, trailer: Any) -> None:  # noqa: ANN401
    with pytest.raises(CollectionTrailerWrong) as refusal:
        gateway.collection_of(collection(TWO, trailer, strip_zeros=True).encode())
    assert (refusal.value.details["count"], refusal.value.details["total"]) == (2, 85000)


LINE = '"02"|"110000000015"|65000|2026-11-21 10:15:00|A1'


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", CollectionUnreadable),
        (b"\n\n", CollectionUnreadable),
        (b"PK\x03\x04\xff\xfe", CollectionUnreadable),
        (LINE.encode("utf-16"), CollectionUnreadable),
        ('"02"|"1"|1|Bogotá'.encode("latin-1"), CollectionUnreadable),
        (b"02|1\x00", CollectionUnreadable),
        (LINE.encode(), CollectionUnreadable),
        (b'"03"|0|0|2026-11-21 10:15:00', CollectionUnreadable),
        (f'{LINE}\n"03"|1'.encode(), CollectionLineInvalid),
        (f'{LINE}\n"03"|one|65000|x'.encode(), CollectionLineInvalid),
        (f'"04"|x\n{LINE}\n"03"|2|65000|x'.encode(), CollectionLineInvalid),
        (f'"02"|"11|65000\n{LINE}\n"03"|2|65000|x'.encode(), CollectionLineInvalid),
        (f'{LINE.replace("65000", "65000.50")}\n"03"|1|65000|x'.encode(), CollectionLineInvalid),
        (f'{LINE.replace("65000", "-65000")}\n"03"|1|-65000|x'.encode(), CollectionLineInvalid),
        (f'{LINE.replace("11-21", "13-41")}\n"03"|1|65000|x'.encode(), CollectionLineInvalid),
        (f'{LINE.replace("A1", "A 1")}\n"03"|1|65000|x'.encode(), CollectionLineInvalid),
        ((LINE + "\n").encode() * (MOST_LINES + 3), CollectionTooLong),
    ],
)
def test_a_hostile_file_is_refused(
    gateway: EfectyGateway, content: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        gateway.collection_of(content)
