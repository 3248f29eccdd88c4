import subprocess

import httpx2
import pytest

from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.simulators.wompi_shop import Json, Receiver, Shop


def bank_url(shop: Shop, transaction_id: str) -> str:
    shop.fetch(transaction_id)
    extra = shop.fetch(transaction_id)["payment_method"]["extra"]
    url: str = extra["async_payment_url"]
    return url


def press(shop: Shop, transaction_id: str, button: str) -> httpx2.Response:
    return shop.http.post(f"/bank/{transaction_id}/{button}")


def test_the_bank_address_shows_up_from_the_second_look(shop: Shop) -> None:
    paid = shop.pay(shop.pse())
    assert paid["payment_method"]["extra"] == {}

    first, second = shop.fetch(paid["id"]), shop.fetch(paid["id"])

    assert first["payment_method"]["extra"] == {}
    url = second["payment_method"]["extra"]["async_payment_url"]
    assert url == f"{shop.http.base_url}".rstrip("/") + f"/bank/{paid['id']}"


def test_the_looks_before_the_bank_address_are_configurable(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]

    shop.control("settings", polls_before_url=0)
    assert "async_payment_url" in shop.fetch(paid)["payment_method"]["extra"]

    shop.control("settings", polls_before_url=2)
    assert "async_payment_url" not in shop.fetch(paid)["payment_method"]["extra"]
    assert "async_payment_url" in shop.fetch(paid)["payment_method"]["extra"]


def test_looking_by_reference_is_no_look(shop: Shop) -> None:
    paid = shop.pay(shop.pse())

    for _ in range(3):
        found = shop.list(reference=paid["reference"]).json()["data"][0]

    assert found["payment_method"]["extra"] == {}


def test_a_public_address_replaces_the_called_one_on_the_bank_link() -> None:
    config = Config(public_url="https://pagos.example", polls_before_url=0)
    with (
        running(config) as url,
        Receiver() as receiver,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        paid = shop.pay(shop.pse())["id"]
        found = shop.fetch(paid)["payment_method"]["extra"]["async_payment_url"]

    assert found == f"https://pagos.example/bank/{paid}"


def test_the_bank_page_shows_what_is_paid_and_three_buttons(shop: Shop) -> None:
    method = shop.pse("1007") | {"payment_description": "<b>Pedido</b>"}
    paid = shop.pay(method, amount_in_cents=123_456_750)

    page = shop.http.get(bank_url(shop, paid["id"]))

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for text in ("BANCOLOMBIA", paid["reference"], "$ 1.234.567,50 COP", "&lt;b&gt;Pedido"):
        assert text in page.text
    for button in ("Aprobar", "Rechazar", "Dejar pendiente"):
        assert f">{button}</button>" in page.text
    assert f'action="{paid["id"]}/approve"' in page.text


@pytest.mark.parametrize(
    ("bank", "button", "status", "state"),
    [
        ("1", "approve", "APPROVED", "OK"),
        ("1", "decline", "DECLINED", "NOT_AUTHORIZED"),
        ("2", "approve", "DECLINED", "NOT_AUTHORIZED"),
        ("2", "decline", "DECLINED", "NOT_AUTHORIZED"),
        ("1007", "approve", "APPROVED", "OK"),
        ("1007", "decline", "DECLINED", "NOT_AUTHORIZED"),
    ],
)
def test_the_person_on_the_bank_page_decides(
    shop: Shop, bank: str, button: str, status: str, state: str
) -> None:
    paid = shop.pay(shop.pse(bank))["id"]

    answer = press(shop, paid, button)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"https://shop.example/return?order=7&id={paid}"
    event = shop.receiver.wait(1)[0].transaction
    assert (event["id"], event["status"]) == (paid, status)
    found = shop.fetch(paid)
    assert (found["status"], event["payment_method"]) == (status, found["payment_method"])
    extra = found["payment_method"]["extra"]
    assert extra["transaction_state"] == state
    assert extra["traceability_code"] == extra["external_identifier"]
    assert (extra["return_code"], extra["transaction_value"]) == ("SUCCESS", "65000")
    assert {"ticket_id", "transaction_cycle", "bank_processing_date"} <= set(extra)


@pytest.mark.parametrize(
    ("url", "way_back"),
    [
        ("https://shop.example/return", "https://shop.example/return?id={}"),
        ("https://shop.example/?a=%20b&c=#top", "https://shop.example/?a=%20b&c=&id={}#top"),
    ],
)
def test_the_way_back_keeps_what_the_shop_wrote(shop: Shop, url: str, way_back: str) -> None:
    paid = shop.pay(shop.pse(), redirect_url=url)["id"]

    assert press(shop, paid, "approve").headers["location"] == way_back.format(paid)


def test_leaving_it_pending_changes_nothing_and_goes_back(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]

    answer = press(shop, paid, "pending")

    assert answer.headers["location"].endswith(f"&id={paid}")
    assert shop.fetch(paid)["status"] == "PENDING"
    press(shop, paid, "approve")
    assert [one.transaction["status"] for one in shop.receiver.wait(1)] == ["APPROVED"]


def test_what_is_final_stays_so(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]
    press(shop, paid, "decline")
    shop.receiver.wait(1)

    answer = press(shop, paid, "approve")

    assert answer.status_code == 303
    assert shop.fetch(paid)["status"] == "DECLINED"
    page = shop.http.get(f"/bank/{paid}").text
    assert "ya fue rechazada" in page
    assert "<form" not in page
    assert len(shop.deliveries()) == 1


def test_without_a_way_back_the_bank_page_itself_is_shown(shop: Shop) -> None:
    paid = shop.pay(shop.pse(), redirect_url=None)["id"]

    page = shop.http.post(f"/bank/{paid}/approve", follow_redirects=True)

    assert page.url.path == f"/bank/{paid}"
    assert "ya fue aprobada" in page.text


def test_curl_without_a_body_presses_the_button(shop: Shop) -> None:
    paid = shop.pay(shop.pse())["id"]
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*"]
    url = f"{shop.http.base_url}/bank/{paid}/approve".replace("//bank", "/bank")

    answer = subprocess.run([*command, "-X", "POST", url], capture_output=True, check=True)  # noqa: S603 - our own address

    assert answer.stdout == b"303"
    assert shop.fetch(paid)["status"] == "APPROVED"


@pytest.mark.parametrize("path", ["", "/approve"])
def test_only_pse_has_a_bank_page(shop: Shop, path: str) -> None:
    card: Json = shop.pay(shop.card())
    method = "POST" if path else "GET"

    assert shop.http.request(method, f"/bank/{card['id']}{path}").status_code == 404
    assert shop.http.request(method, f"/bank/1-1-1{path}").status_code == 404
