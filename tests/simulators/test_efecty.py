"""The stand-in of Efecty's counters: it asks, pays, tells repeatedly, annuls, and files."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from simulators.efecty.app import create_app
from simulators.efecty.messages import Agreement, signed
from simulators.local import serving

AGREEMENT = Agreement()


class Shop:
    """A shop that knows one voucher of 65,000 pesos, and keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.app = FastAPI(title="A shop")

        @self.app.post("/consulta")
        async def answer(request: Request) -> dict[str, Any]:
            asked = await request.json()
            check(asked)
            if asked["referencia"] != "110000000015":
                return {"codigo": "0001", "valor": None}
            return {"codigo": "0000", "valor": 65000}

        @self.app.post("/confirm")
        async def listen(request: Request) -> dict[str, bool]:
            told = await request.json()
            check(told)
            self.told.append(told)
            return {"received": True}


def check(message: dict[str, Any]) -> None:
    """Refuse what the agreement's secret did not sign."""
    fields = {name: value for name, value in message.items() if name != "firma"}
    assert signed(fields, AGREEMENT.secret) == message


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def counter(shop: Shop) -> Iterator[httpx2.Client]:
    with (
        serving(shop.app) as shop_url,
        serving(create_app(shop_url)) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        yield http


def test_a_reference_is_paid_with_what_the_shop_says(shop: Shop, counter: httpx2.Client) -> None:
    answer = counter.post("/payments", json={"reference": "110000000015", "times": 3})
    assert answer.status_code == 200
    assert [told["valor"] for told in shop.told] == [65000] * 3
    assert {told["autorizacion"] for told in shop.told} == {answer.json()["authorization"]}


def test_what_the_shop_refuses_is_paid_only_when_forced(shop: Shop, counter: httpx2.Client) -> None:
    order = {"reference": "119999999996", "amount": 5000}
    assert counter.post("/payments", json=order).status_code == 409
    assert shop.told == []

    late = {"force": True, "at": "2026-01-31 10:00:00", "authorization": "A1"}
    assert counter.post("/payments", json=order | late).status_code == 200
    ((told),) = shop.told
    assert (told["valor"], told["fecha"], told["autorizacion"]) == (5000, late["at"], "A1")


def test_a_payment_is_annulled_under_its_authorization(shop: Shop, counter: httpx2.Client) -> None:
    order = {"reference": "110000000015", "authorization": "A1"}
    counter.post("/payments", json=order)
    assert counter.post("/payments/A1/annul").status_code == 200
    assert counter.post("/payments/B2/annul").status_code == 404
    paid, annulled = shop.told
    assert (annulled["autorizacion"], annulled["estado"]) == (paid["autorizacion"], "ANULADA")


def test_a_file_has_what_was_taken_and_a_trailer_right_or_wrong(
    shop: Shop, counter: httpx2.Client
) -> None:
    for authorization in ("A1", "B2"):
        order = {"reference": "110000000015", "authorization": authorization, "tell": False}
        counter.post("/payments", json=order)
    assert shop.told == []
    trailers = {
        trailer: counter.get("/collections", params={"trailer": trailer}).text.split("\r\n")[-2]
        for trailer in ("right", "count", "total")
    }
    assert trailers["right"].startswith('"03"|2|130000|')
    assert trailers["count"].startswith('"03"|3|130000|')
    assert trailers["total"].startswith('"03"|2|130001|')

    counter.post("/_control/reset")
    assert counter.get("/collections").text.startswith('"03"|0|0|')
    assert counter.get("/_control/health").json()["payments"] == 0
