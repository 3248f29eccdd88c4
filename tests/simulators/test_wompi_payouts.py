"""The simulator of Wompi payouts: its keys, its refusals, its events."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from simulators.wompi_payouts.account import BANKS
from simulators.wompi_payouts.app import Config
from simulators.wompi_payouts.local import running
from tests.simulators.wompi_shop import Receiver, eventually

KEYS = {"x-api-key": Config().api_key, "user-principal-id": Config().user_principal_id}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    """A client of a running simulator."""
    with running() as url, httpx2.Client(base_url=url, trust_env=False) as http:
        yield http


@pytest.fixture(autouse=True)
def _as_new(http: httpx2.Client) -> None:
    http.post("/_control/reset")
    http.post("/_control/settings", json={"resolve_after": 0})


def line(**changes: object) -> dict[str, Any]:
    return {
        "legalIdType": "CC",
        "legalId": "1099888777",
        "bankId": BANKS["1007"],
        "accountType": "AHORROS",
        "accountNumber": "12345678",
        "name": "Ana",
        "email": "ana@example.com",
        "amount": 1_000_000,
        "reference": "PO-1",
        "personType": "NATURAL",
    } | changes


def post(http: httpx2.Client, *lines: dict[str, Any], key: str = "PB-1") -> httpx2.Response:
    body = {
        "reference": key,
        "accountId": Config().account_id,
        "paymentType": "PROVIDERS",
        "transactions": list(lines),
    }
    return http.post("/v1/payouts", json=body, headers=KEYS | {"idempotency-key": key})


def test_a_key_is_processed_once(http: httpx2.Client) -> None:
    first, again = post(http, line()), post(http, line())
    assert first.status_code == 201
    assert first.json()["data"]["success"] == 1
    assert (again.status_code, again.json()["code"]) == (409, "EXC_022")
    listed = http.get("/v1/payouts?reference=PB-1", headers=KEYS).json()["data"]
    assert [one["id"] for one in listed] == [first.json()["data"]["payoutId"]]


def test_lines_end_each_by_itself(http: httpx2.Client) -> None:
    bad = line(reference="PO-2", accountNumber="999999999")
    payout_id = post(http, line(), bad).json()["data"]["payoutId"]
    path = f"/v1/payouts/{payout_id}"
    eventually(lambda: http.get(path, headers=KEYS).json()["data"]["status"] == "TOTAL_PAYMENT")
    lines = http.get(f"{path}/transactions", headers=KEYS).json()["data"]
    assert [(one["status"], one["failureReason"]) for one in lines] == [
        ("APPROVED", None),
        ("FAILED", "D05"),
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"accountNumber": "00000000"}, "EXC_002"),
        ({"accountNumber": "12345"}, "EXC_002"),
        ({"accountType": "SAVINGS"}, "EXC_002"),
        ({"bankId": "1007"}, "EXC_002"),
        ({"amount": 0}, "EXC_002"),
        ({"amount": 10**12}, "EXC_017"),
    ],
)
def test_a_wrong_line_refuses_the_batch(
    http: httpx2.Client, wrong: dict[str, object], code: str
) -> None:
    answer = post(http, line(), line(**wrong))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert http.get("/_control/batches").json()["data"] == []
    # A refused key was not processed.
    assert post(http, line()).status_code == 201


def test_without_the_keys_nothing_opens(http: httpx2.Client) -> None:
    assert http.get("/v1/banks", headers=KEYS | {"x-api-key": "no"}).status_code == 401
    assert http.get("/v1/banks", headers={}).status_code == 401


def test_events_are_signed_in_milliseconds(http: httpx2.Client) -> None:
    with Receiver() as receiver:
        http.post("/_control/settings", json={"events_url": receiver.url})
        post(http, line())
        events = [received.event for received in receiver.wait(2)]
    assert {event["event"] for event in events} == {"transaction.updated", "payout.updated"}
    for event in events:
        (part,) = event["data"].values()
        assert event["timestamp"] > 10**12
        text = f"{part['id']}{part['status']}{part['amountInCents']}{event['timestamp']}"
        wanted = sha256(f"{text}{Config().events_secret}".encode()).hexdigest()
        assert event["signature"]["checksum"] == wanted
