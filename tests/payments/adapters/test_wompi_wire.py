"""Wompi's signatures and shapes, against published vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from mestore.kernel.adapters import wompi_events
from mestore.payments.adapters import wompi_wire as wire

Vector = dict[str, Any]
VECTORS: list[Vector] = json.loads(
    (Path(__file__).parents[2] / "data" / "wompi_vectors.json").read_text(encoding="utf-8")
)


def of_kind(kind: str) -> list[Vector]:
    found = [vector for vector in VECTORS if vector["kind"].startswith(kind)]
    assert len(found) >= 3
    return found


def read(event: Vector, checksum: str) -> wompi_events.Event:
    signature = {**event["signature"], "checksum": checksum}
    return wompi_events.read_event(json.dumps({**event, "signature": signature}).encode())


@pytest.mark.parametrize("vector", of_kind("integrity_signature"))
def test_integrity_signatures_are_as_published(vector: Vector) -> None:
    given = vector["inputs"]
    signature = wire.integrity_signature(
        given["reference"],
        given["amount_in_cents"],
        given["currency"],
        given["integrity_secret"],
        given.get("expiration_time"),
    )
    assert signature == vector["expected"]


@pytest.mark.parametrize("vector", of_kind("event_checksum"))
def test_event_checksums_are_as_published_unless_the_print_is_wrong(vector: Vector) -> None:
    event = read(vector["inputs"]["event"], vector["expected"])
    checksum = event.expected_checksum(vector["inputs"]["events_secret"])

    assert checksum == vector["computed"]
    assert wompi_events.agrees(checksum, event.checksum) is vector["recomputed_ok"]


def test_numbers_are_signed_as_they_were_written() -> None:
    body = b"""{"event": "e", "timestamp": 1, "signature": {"checksum": "", "properties": ["a"]},
        "data": {"a": 4490000, "b": 4490000.00, "c": 1e3, "d": 12345678901234567890, "e": true,
                 "f": null, "g": "text", "h": {"i": -0}}}"""
    event = wompi_events.read_event(body)

    texts = {path: event.text_at(path) for path in ("a", "b", "c", "d", "e", "f", "g", "h.i")}

    assert texts == {
        "a": "4490000",
        "b": "4490000.00",
        "c": "1e3",
        "d": "12345678901234567890",
        "e": "true",
        "f": "",
        "g": "text",
        "h.i": "-0",
    }


@pytest.mark.parametrize("path", ["missing", "a.b", "a.b.c", "", "."])
def test_a_property_that_is_not_there_is_empty_text(path: str) -> None:
    event = wompi_events.Event("e", {"a": "text"}, "test", (), "", "1")
    assert event.text_at(path) == ""


@pytest.mark.parametrize("value", [{}, []])
def test_a_property_that_is_no_single_value_cannot_be_signed(value: object) -> None:
    event = wompi_events.Event("e", {"a": value}, "test", (), "", "1")
    with pytest.raises(wompi_events.Unsigned):
        event.text_at("a")


@pytest.mark.parametrize(
    "change",
    [
        {"signature": None},
        {"signature": "text"},
        {"signature": {}},
        {"signature": {"properties": ["a"]}},
        {"signature": {"checksum": "0"}},
        {"signature": {"properties": ["a", 1.5, None], "checksum": "0"}},
        {"signature": {"properties": "a", "checksum": "0"}},
        {"signature": {"properties": [], "checksum": "0"}},
        {"signature": {"properties": ["a"], "checksum": None}},
        {"timestamp": None},
        {"timestamp": [1]},
    ],
)
def test_an_event_without_a_whole_signature_is_unsigned(change: Vector) -> None:
    event: Vector = {
        "event": "transaction.updated",
        "data": {},
        "signature": {"properties": ["a"], "checksum": ""},
        "timestamp": 1,
    }
    wompi_events.read_event(json.dumps(event).encode())
    with pytest.raises(wompi_events.Unsigned):
        wompi_events.read_event(json.dumps({**event, **change}).encode())


def test_the_texts_of_a_refusal_name_their_fields() -> None:
    messages = {
        "reference": ["ya usada", "muy larga"],
        "payment_method": {"messages": {"token": ["no existe"]}},
        "customer_data": [{"phone_number": "falta"}],
        "other": 7,
    }
    assert list(wire.texts(messages)) == [
        "reference: ya usada",
        "reference: muy larga",
        "payment_method.token: no existe",
        "customer_data.phone_number: falta",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b'{"data": {"id": "1"}}',
        b'{"data": {"id": "1", "reference": "r", "status": "PENDING", "currency": "COP",'
        b' "amount_in_cents": 10.5}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_an_answer_of_another_shape_is_not_wompis(body: bytes) -> None:
    with pytest.raises(wompi_events.NotWompi):
        wompi_events.decode(body, wire.TransactionReply)
