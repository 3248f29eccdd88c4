"""What the Wompi adapter believes of a webhook."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from mestore.kernel import network
from mestore.kernel.breaker import Breaker
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.errors import BadSignature, NotAnEvent
from mestore.payments.types import Notice, PaymentMethod
from tests.payments.conftest import KEYS, WompiSandbox

Json = dict[str, Any]
TRANSACTION: Json = {
    "id": "1-1610641025-49201",
    "status": "APPROVED",
    "amount_in_cents": 4490000,
    "reference": "MS-000001-1",
}
PROPERTIES = ("transaction.id", "transaction.status", "transaction.amount_in_cents")


@pytest.fixture
def offline() -> WompiGateway:
    """An adapter that need not call anybody."""
    return WompiGateway(KEYS, network.client(), "http://127.0.0.1:9/v1", Breaker())


def signed(
    *, properties: tuple[str, ...] = PROPERTIES, secret: str = KEYS.events, **changes: object
) -> Json:
    """An event whose checksum is right for what it lists, worked out here on its own."""
    transaction: Json = {**TRANSACTION, **changes}
    values = [str(transaction.get(path.removeprefix("transaction."), "")) for path in properties]
    checksum = sha256(f"{''.join(values)}1530291411{secret}".encode()).hexdigest()
    return {
        "event": "transaction.updated",
        "data": {"transaction": transaction},
        "environment": "test",
        "signature": {"properties": list(properties), "checksum": checksum},
        "timestamp": 1530291411,
        "sent_at": "2018-06-29T16:56:51.000Z",
    }


def raw(event: Json, **changes: object) -> bytes:
    return json.dumps({**event, **changes}).encode()


def test_a_signed_event_is_a_notice(offline: WompiGateway) -> None:
    event = signed()
    checksum = event["signature"]["checksum"]

    assert offline.verify({}, raw(event)) == Notice(checksum, "1-1610641025-49201", "MS-000001-1")


def test_an_upper_case_checksum_gives_the_same_key(offline: WompiGateway) -> None:
    event = signed()
    lower = offline.verify({}, raw(event))
    checksum = event["signature"]["checksum"].upper()
    event["signature"]["checksum"] = checksum

    assert offline.verify({"x-event-checksum": checksum}, raw(event)) == lower


async def test_events_verify_whatever_properties_they_list(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    sandbox.shop.control("settings", vary_properties=True, uppercase="alternate")
    opened = await gateway.start(sandbox.charge(PaymentMethod.PSE))
    lists = set()
    for _ in range(6):
        headers, body = sandbox.event(opened.transaction_id)
        lists.add(tuple(json.loads(body)["signature"]["properties"]))
        assert gateway.verify(headers, body).transaction_id == opened.transaction_id

    assert len(lists) == 3


@pytest.mark.parametrize("name", ["X-Event-Checksum", "x-event-checksum"])
def test_a_checksum_header_must_agree(offline: WompiGateway, name: str) -> None:
    event = signed()
    checksum = event["signature"]["checksum"]
    assert offline.verify({name: checksum.upper()}, raw(event)).event_key == checksum

    for wrong in ("", "0" * 64, "á", checksum[:-1]):
        with pytest.raises(BadSignature):
            offline.verify({name: wrong}, raw(event))


@pytest.mark.parametrize(
    "signature",
    [
        None,
        {},
        {"properties": list(PROPERTIES), "checksum": ""},
        {"properties": list(PROPERTIES), "checksum": "0" * 64},
        {"properties": list(PROPERTIES), "checksum": "\ud800"},
        {"properties": [], "checksum": signed()["signature"]["checksum"]},
        {"properties": list(PROPERTIES[::-1]), "checksum": signed()["signature"]["checksum"]},
    ],
)
def test_an_event_with_no_or_another_signature_is_refused(
    offline: WompiGateway, signature: Json | None
) -> None:
    with pytest.raises(BadSignature):
        offline.verify({}, raw(signed(), signature=signature))


@pytest.mark.parametrize(
    ("changes", "timestamp"),
    [
        ({"status": "DECLINED"}, 1530291411),
        ({"amount_in_cents": 4490001}, 1530291411),
        ({"amount_in_cents": 4490000.0}, 1530291411),
        ({"amount_in_cents": None}, 1530291411),
        ({"amount_in_cents": {"": 4490000}}, 1530291411),
        ({"status": "APPROVED\ud800"}, 1530291411),
        ({}, 1530291412),
        ({}, None),
    ],
)
def test_a_changed_value_that_was_signed_is_noticed(
    offline: WompiGateway, changes: Json, timestamp: int | None
) -> None:
    data = {"transaction": {**TRANSACTION, **changes}}
    with pytest.raises(BadSignature):
        offline.verify({}, raw(signed(), data=data, timestamp=timestamp))


def test_a_signature_that_leaves_the_transaction_out_is_refused(offline: WompiGateway) -> None:
    with pytest.raises(BadSignature):
        offline.verify({}, raw(signed(properties=("transaction.status",))))
    with pytest.raises(BadSignature):
        offline.verify({}, raw(signed(properties=())))


def test_the_secret_of_another_account_is_refused(offline: WompiGateway) -> None:
    with pytest.raises(BadSignature):
        offline.verify({}, raw(signed(secret="test_events_of_somebody_else")))


@pytest.mark.parametrize("environment", ["prod", "TEST", "", 1])
def test_an_event_of_another_environment_is_not_ours(
    offline: WompiGateway, environment: object
) -> None:
    with pytest.raises(NotAnEvent):
        offline.verify({}, raw(signed(), environment=environment))


def test_production_keys_take_production_events_only() -> None:
    keys = replace(KEYS, public="pub_prod_1")
    gateway = WompiGateway(keys, network.client(), "http://127.0.0.1:9/v1", Breaker())

    assert gateway.profile.environment == "production"
    assert gateway.verify({}, raw(signed(), environment="prod")).reference == "MS-000001-1"
    with pytest.raises(NotAnEvent):
        gateway.verify({}, raw(signed()))


@pytest.mark.parametrize(
    "event",
    [
        signed() | {"event": "nequi_token.updated"},
        signed(id=""),
        signed(id="a/../b"),
        signed(id="9" * 101),
    ],
)
def test_a_signed_event_about_no_transaction_is_not_ours(
    offline: WompiGateway, event: Json
) -> None:
    with pytest.raises(NotAnEvent):
        offline.verify({}, raw(event))


@pytest.mark.parametrize("reference", [None, 7.5, "", "a b", "\x00", "\ud800", "r" * 101])
def test_an_unsigned_reference_that_cannot_be_ours_is_left_out(
    offline: WompiGateway, reference: object
) -> None:
    data = {"transaction": {**TRANSACTION, "reference": reference}}
    notice = offline.verify({}, raw(signed(), data=data))
    assert notice.reference == ("7.5" if reference == 7.5 else None)


@pytest.mark.parametrize(
    "body", [b'{"event": "x", "data": []}', b'{"event": {}, "data": {}}', b'{"data": {}}', b"NaN"]
)
def test_json_that_is_no_event_is_told_apart_from_a_bad_signature(
    offline: WompiGateway, body: bytes
) -> None:
    with pytest.raises(NotAnEvent):
        offline.verify({"X-Event-Checksum": "0" * 64}, body)
