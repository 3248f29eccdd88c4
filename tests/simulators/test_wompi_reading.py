import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta

import httpx2
import pytest

from tests.simulators.wompi_shop import DECLINED_CARD, PATIENCE, PRIVATE, Receiver, Shop


def ids(answer: httpx2.Response) -> list[str]:
    return [one["id"] for one in answer.json()["data"]]


def test_a_list_gives_pages_newest_first(shop: Shop) -> None:
    paid = [shop.pay(shop.nequi())["id"] for _ in range(3)]

    first, second = shop.list(page=1, page_size=2), shop.list(page=2, page_size=2)

    assert ids(first) + ids(second) == paid[::-1]
    assert first.json()["meta"] == {"page": 1, "page_size": 2, "total_results": 3}
    assert ids(shop.list(order="ASC")) == paid


def test_a_list_is_filtered(shop: Shop) -> None:
    shop.control("settings", resolve_after=60)
    nequi = shop.pay(shop.nequi())
    card = shop.pay(shop.card(), customer_email="luis@example.com")
    shop.control(f"transactions/{card['id']}/status", status="APPROVED")

    assert ids(shop.list(reference=nequi["reference"])) == [nequi["id"]]
    assert ids(shop.list(id=card["id"])) == [card["id"]]
    assert ids(shop.list(status="APPROVED")) == [card["id"]]
    assert ids(shop.list(payment_method_type="NEQUI")) == [nequi["id"]]
    assert ids(shop.list(customer_email="luis@example.com")) == [card["id"]]
    assert shop.list(reference="unknown").json()["data"] == []


def test_a_list_keeps_to_its_dates(shop: Shop) -> None:
    transaction = shop.pay(shop.nequi())
    paid = transaction["id"]
    now = datetime.fromisoformat(transaction["created_at"])
    today = f"{now:%Y-%m-%d}"
    before = (now - timedelta(hours=1)).isoformat()

    assert ids(shop.list(from_date=today, until_date=today)) == [paid]
    assert ids(shop.list(from_date=before)) == [paid]
    assert ids(shop.list(until_date=before)) == []
    assert ids(shop.list(from_date=f"{now + timedelta(days=1):%Y-%m-%d}")) == []


@pytest.mark.parametrize(
    "query", [{"page_size": 201}, {"page": 0}, {"from_date": "yesterday"}, {"status": "PAID"}]
)
def test_a_list_that_cannot_be_is_refused(shop: Shop, query: dict[str, str | int]) -> None:
    answer = shop.list(**query)

    assert answer.status_code == 422
    assert list(answer.json()["error"]["messages"]) == list(query)


@pytest.mark.parametrize("body", [None, {}, {"amount_in_cents": 6_500_000}])
def test_an_approved_card_payment_is_voided_whole(shop: Shop, body: dict[str, int] | None) -> None:
    paid = shop.approved_card()["id"]

    answer = shop.http.post(f"/v1/transactions/{paid}/void", json=body, headers=PRIVATE)

    assert answer.status_code == 201
    data = answer.json()["data"]
    assert (data["status"], data["status_message"]) == ("APPROVED", None)
    assert (data["transaction"]["id"], data["transaction"]["status"]) == (paid, "VOIDED")
    assert shop.fetch(paid)["status"] == "VOIDED"
    assert [one.transaction["status"] for one in shop.receiver.wait(2)] == ["APPROVED", "VOIDED"]


def test_a_card_payment_is_not_voided_in_part(shop: Shop) -> None:
    paid = shop.approved_card()["id"]

    answer = shop.http.post(
        f"/v1/transactions/{paid}/void", json={"amount_in_cents": 100}, headers=PRIVATE
    )

    assert answer.status_code == 422
    assert list(answer.json()["error"]["messages"]) == ["amount_in_cents"]
    assert shop.fetch(paid)["status"] == "APPROVED"


def test_only_an_approved_card_payment_is_voided(shop: Shop) -> None:
    voided = shop.approved_card()["id"]
    shop.http.post(f"/v1/transactions/{voided}/void", headers=PRIVATE)
    declined = shop.pay(shop.card(DECLINED_CARD))["id"]
    nequi = shop.pay(shop.nequi())["id"]
    shop.receiver.wait(4)
    shop.control("settings", resolve_after=60)
    pending = shop.pay(shop.card())["id"]

    for one, status in (
        (voided, "VOIDED"),
        (declined, "DECLINED"),
        (nequi, "APPROVED"),
        (pending, "PENDING"),
    ):
        answer = shop.http.post(f"/v1/transactions/{one}/void", headers=PRIVATE)
        assert answer.status_code == 422
        assert shop.fetch(one)["status"] == status


def test_voiding_what_does_not_exist_is_not_found(shop: Shop) -> None:
    answer = shop.http.post("/v1/transactions/1-1-1/void", headers=PRIVATE)

    assert answer.status_code == 404


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_until_healthy(http: httpx2.Client) -> None:
    deadline = time.monotonic() + PATIENCE * 4
    while True:
        try:
            assert http.get("/_control/health").json()["simulator"] == "wompi"
        except httpx2.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


@pytest.mark.slow
def test_the_program_serves_with_keys_of_the_environment_and_options() -> None:
    port = free_port()
    environment = os.environ | {"WOMPI_INTEGRITY_SECRET": "test_integrity_other"}
    with (
        Receiver() as receiver,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-m", "simulators.wompi", "--port", str(port)),
                *("--events-url", receiver.url, "--resolve-after", "0", "--uppercase", "never"),
                *("--retry-delays", "0.01,0.02", "--repeats", "2"),
            ],
            env=environment,
            stderr=subprocess.DEVNULL,
        ) as program,
    ):
        try:
            wait_until_healthy(http)
            Shop(http, receiver, secret="test_integrity_other").pay(
                {"type": "NEQUI", "phone_number": "3991111111"}
            )
            first, second = receiver.wait(2)
        finally:
            program.send_signal(signal.SIGTERM)
            stopped = program.wait(PATIENCE)

    assert first.body == second.body
    assert first.header == first.expected_checksum
    assert stopped in (0, -signal.SIGTERM)
