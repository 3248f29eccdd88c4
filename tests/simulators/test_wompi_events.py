import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.wompi.config import PROPERTIES
from simulators.wompi.signing import event_checksum, integrity_signature
from tests.simulators.wompi_shop import Shop, eventually

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "wompi_vectors.json").read_text(encoding="utf-8")
)
INTEGRITY = [one for one in VECTORS if one["kind"].startswith("integrity_signature")]
CHECKSUMS = [one for one in VECTORS if one["kind"] == "event_checksum"]
RIGHT_CHECKSUMS = [one for one in CHECKSUMS if one["recomputed_ok"]]
WRONG_CHECKSUMS = [one for one in CHECKSUMS if not one["recomputed_ok"]]


@pytest.mark.parametrize("vector", INTEGRITY, ids=lambda one: one["expected"][:8])
def test_the_integrity_signature_is_the_published_one(vector: Mapping[str, Any]) -> None:
    inputs = vector["inputs"]

    signature = integrity_signature(
        inputs["reference"],
        inputs["amount_in_cents"],
        inputs["currency"],
        inputs["integrity_secret"],
        inputs.get("expiration_time"),
    )

    assert signature == vector["expected"]


@pytest.mark.parametrize("vector", RIGHT_CHECKSUMS, ids=lambda one: one["expected"][:8])
def test_the_event_checksum_is_the_published_one(vector: Mapping[str, Any]) -> None:
    inputs = vector["inputs"]

    assert event_checksum(inputs["event"], inputs["events_secret"]) == vector["expected"]


def test_the_worked_example_of_the_docs_is_not_signed_by_its_own_recipe() -> None:
    (vector,) = WRONG_CHECKSUMS
    assert vector["expected"].startswith("3476DDA5")

    checksum = event_checksum(vector["inputs"]["event"], vector["inputs"]["events_secret"])

    assert checksum != vector["expected"].lower()
    assert checksum == vector["computed"]


def test_an_absent_or_empty_property_signs_as_nothing() -> None:
    def checksum(properties: list[str]) -> str:
        transaction = {"id": "1", "payment_link_id": None}
        event: dict[str, object] = {
            "data": {"transaction": transaction},
            "signature": {"properties": properties},
            "timestamp": 1,
        }
        return event_checksum(event, "secret")

    alone = checksum(["transaction.id"])
    assert checksum(["transaction.id", "transaction.payment_link_id"]) == alone
    assert checksum(["transaction.id", "transaction.nothing", "nobody.id"]) == alone


def test_an_event_tells_how_the_transaction_ended(shop: Shop) -> None:
    paid = shop.pay(shop.card())

    (received,) = shop.receiver.wait(1)

    event = received.event
    assert event["event"] == "transaction.updated"
    assert event["environment"] == "test"
    assert isinstance(event["timestamp"], int)
    assert event["sent_at"].endswith("Z")
    assert event["signature"]["properties"] == list(PROPERTIES)
    assert received.transaction == shop.fetch(paid["id"])
    assert event["signature"]["checksum"] == received.header
    assert received.header.lower() == received.expected_checksum


@pytest.mark.parametrize(
    ("case", "uppers"),
    [
        ("never", [False, False]),
        ("always", [True, True]),
        ("alternate", [True, False]),
        (True, [True, True]),
        (False, [False, False]),
    ],
)
def test_the_case_of_the_checksum_is_configurable(
    shop: Shop, case: str | bool, uppers: list[bool]
) -> None:
    shop.control("settings", uppercase=case)

    for count in (1, 2):
        shop.pay(shop.nequi())
        received = shop.receiver.wait(count)

    assert [one.header == one.header.upper() for one in received] == uppers
    assert all(one.header.lower() == one.expected_checksum for one in received)


def test_the_signed_properties_may_vary_from_event_to_event(shop: Shop) -> None:
    shop.control("settings", vary_properties=True)

    for count in range(1, 5):
        shop.pay(shop.nequi())
        received = shop.receiver.wait(count)

    lists = [tuple(one.event["signature"]["properties"]) for one in received]
    assert len(set(lists)) == 3
    assert lists[0] == lists[3] == PROPERTIES
    assert all(one.header.lower() == one.expected_checksum for one in received)


def test_the_signed_properties_are_configurable(shop: Shop) -> None:
    properties = ["transaction.reference", "transaction.id"]
    shop.control("settings", properties=properties)

    shop.pay(shop.nequi())

    (received,) = shop.receiver.wait(1)
    assert received.event["signature"]["properties"] == properties
    assert received.header.lower() == received.expected_checksum


@pytest.mark.parametrize("answer", [500, 404, 302, 204, 201])
def test_anything_but_200_is_told_again_in_the_same_words(shop: Shop, answer: int) -> None:
    shop.receiver.answers = [answer, answer]

    shop.pay(shop.nequi())

    first, second, third = shop.receiver.wait(3)
    assert first.body == second.body == third.body
    assert first.header == second.header == third.header


def test_a_shop_that_never_answers_200_is_told_four_times(shop: Shop) -> None:
    shop.receiver.answers = [500] * 9
    shop.pay(shop.nequi())
    eventually(lambda: [one["answers"] for one in shop.deliveries()] == [[500] * 4])

    # An event that comes later than any other retry would.
    shop.control("settings", resolve_after=0.1)
    other = shop.pay(shop.nequi())

    assert shop.receiver.wait(5)[4].transaction["id"] == other["id"]


def test_a_shop_that_is_down_is_told_again(shop: Shop) -> None:
    url = shop.receiver.url
    shop.control("settings", events_url="http://127.0.0.1:9/", retry_delays=[0.2])
    shop.pay(shop.nequi(), reference="ORD-DOWN")

    while (
        not (deliveries := shop.http.get("/_control/events").json()["data"])
        or not (deliveries[0]["answers"])
    ):
        pass
    shop.control("settings", events_url=url)

    (received,) = shop.receiver.wait(1)
    assert received.transaction["reference"] == "ORD-DOWN"
    assert deliveries[0]["answers"] == [0]


def test_every_event_may_be_repeated(shop: Shop) -> None:
    shop.control("settings", repeats=3)

    shop.pay(shop.nequi())

    assert len({one.body for one in shop.receiver.wait(3)}) == 1


def test_no_address_means_no_events(shop: Shop) -> None:
    url = shop.receiver.url
    shop.control("settings", events_url=None)
    quiet = shop.approve_quietly()
    shop.control("settings", events_url=url)

    heard = shop.pay(shop.nequi())

    assert [one.transaction["id"] for one in shop.receiver.wait(1)] == [heard["id"]]
    assert shop.fetch(quiet)["status"] == "APPROVED"


def test_a_status_may_be_imposed_with_another_amount_and_currency(shop: Shop) -> None:
    paid = shop.approved_card()["id"]

    shop.control(
        f"transactions/{paid}/status", status="DECLINED", amount_in_cents=1, currency="USD"
    )

    late = shop.receiver.wait(2)[1]
    assert late.header.lower() == late.expected_checksum
    for found in (late.transaction, shop.fetch(paid)):
        assert (found["status"], found["amount_in_cents"]) == ("DECLINED", 1)
        assert found["currency"] == "USD"


def test_a_status_may_be_imposed_in_silence(shop: Shop) -> None:
    paid = shop.approve_quietly()

    assert shop.fetch(paid)["status"] == "APPROVED"
    assert shop.deliveries() == []


def test_an_event_may_lie_about_the_status(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]

    shop.control(f"transactions/{paid}/send-event", times=2, status="APPROVED")

    first, second = shop.receiver.wait(2)
    assert first.body == second.body
    assert first.transaction["status"] == "APPROVED"
    assert first.header.lower() == first.expected_checksum
    assert shop.fetch(paid)["status"] == "PENDING"


def test_an_event_may_be_badly_signed(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]

    shop.control(f"transactions/{paid}/send-event", bad_signature=True)

    (forged,) = shop.receiver.wait(1)
    assert forged.header == forged.event["signature"]["checksum"]
    assert forged.header.lower() != forged.expected_checksum


def test_an_event_may_be_ordered_without_a_body(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]

    answer = shop.http.post(f"/_control/transactions/{paid}/send-event")

    assert answer.status_code == 200
    assert shop.receiver.wait(1)[0].transaction["status"] == "PENDING"


def test_settings_change_all_together_or_not_at_all(shop: Shop) -> None:
    before = shop.http.get("/_control/settings").json()

    answer = shop.http.post("/_control/settings", json={"repeats": 5, "uppercase": "perhaps"})

    assert answer.status_code == 422
    assert list(answer.json()["error"]["messages"]) == ["uppercase"]
    assert shop.http.get("/_control/settings").json() == before


def test_a_reset_forgets_everything_but_acceptance_tokens(shop: Shop) -> None:
    tokens = shop.acceptance()
    paid = shop.pay(shop.nequi(), reference="ORD-1")
    shop.receiver.wait(1)
    shop.break_next("create", "rate_limit", times=9)

    assert shop.control("reset")["transactions"] == 0

    settings = shop.http.get("/_control/settings").json()["data"]
    assert (settings["events_url"], settings["resolve_after"]) == (None, 1.0)
    again = shop.pay(shop.nequi(), reference="ORD-1", **tokens)
    assert again["id"] != paid["id"]
    assert shop.http.get("/_control/health").json()["transactions"] == 1
