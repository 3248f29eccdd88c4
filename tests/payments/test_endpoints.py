"""The public addresses of payments, and the webhooks, over a real database and the simulator."""

import asyncio
import json

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from mestore.kernel.db import Database
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.models import GatewayEvent
from mestore.payments.types import PaymentMethod
from tests.payments.conftest import KEYS, Bench, WompiSandbox

LIMIT = 256 * 1024

METHODS = [
    "BANCOLOMBIA_COLLECT",
    "BANCOLOMBIA_TRANSFER",
    "CARD",
    "DAVIPLATA",
    "NEQUI",
    "PSE",
]


@pytest.fixture
def app(app: FastAPI, gateway: WompiGateway, bench: Bench) -> FastAPI:
    """The app with one gateway, pointed at the simulator."""
    app.state.gateways = {"wompi": gateway}
    app.state.breaker = bench.breaker
    return app


async def stored(database: Database) -> list[tuple[str, str, bytes]]:
    """The inbox: gateway, transaction and body of every signal."""
    async with database.read() as connection:
        rows = await connection.execute(
            select(GatewayEvent.gateway, GatewayEvent.transaction_id, GatewayEvent.body)
        )
        return [(gateway, transaction_id, body) for gateway, transaction_id, body in rows]


async def event_of(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> tuple[str, dict[str, str], bytes]:
    opened = await gateway.start(sandbox.charge(PaymentMethod.PSE))
    headers, body = sandbox.event(opened.transaction_id)
    return opened.transaction_id, dict(headers), body


async def test_the_entrance_names_the_gateways_and_where_to_read_on(
    client: httpx2.AsyncClient,
) -> None:
    for path in ("/payments", "/payments/"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.json() == {
            "currency": "COP",
            "gateways": [{"gateway": "wompi", "environment": "test", "methods": METHODS}],
            "links": {
                "config": "/api/v1/payments/config",
                "methods": "/api/v1/payments/methods",
                "health": "/api/v1/payments/health",
            },
        }


async def test_the_config_shows_the_public_key_and_no_secret(
    client: httpx2.AsyncClient, bench: Bench
) -> None:
    answer = await client.get("/payments/config")
    assert answer.json() == {
        "currency": "COP",
        "installments": {"min": 1, "max": 36},
        "gateways": [
            {
                "gateway": "wompi",
                "environment": "test",
                "methods": METHODS,
                "public_key": KEYS.public,
                "api_url": bench.url,
                "acceptance": {
                    "policy_url": "https://wompi.example/terminos.pdf",
                    "personal_data_url": "https://wompi.example/datos.pdf",
                },
            }
        ],
    }
    for secret in (KEYS.private, KEYS.events, KEYS.integrity):
        assert secret not in answer.text


async def test_the_methods_have_names_limits_instalments_and_banks(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/payments/methods")
    named = {each["method"]: each for each in answer.json()["methods"]}
    card, nequi, pse = named["CARD"], named["NEQUI"], named["PSE"]
    assert card == {
        "method": "CARD",
        "gateway": "wompi",
        "name": {"es": "Tarjeta de crédito o débito", "en": "Credit or debit card"},
        "currency": "COP",
        "limits": {"min": 1500, "max": 99000000},
        "installments": {"min": 1, "max": 36},
        "banks": None,
    }
    assert nequi == {
        "method": "NEQUI",
        "gateway": "wompi",
        "name": {"es": "Nequi", "en": "Nequi"},
        "currency": "COP",
        "limits": {"min": None, "max": None},
        "installments": None,
        "banks": None,
    }
    banks = pse.pop("banks")
    assert pse == {
        "method": "PSE",
        "gateway": "wompi",
        "name": {"es": "PSE, débito desde tu banco", "en": "PSE, debit from your bank"},
        "currency": "COP",
        "limits": {"min": 1500, "max": None},
        "installments": None,
    }
    assert {"code": "1007", "name": "BANCOLOMBIA"} in banks
    assert "0" not in [bank["code"] for bank in banks]


async def test_a_gateway_that_is_down_from_the_start_hides_nothing_but_its_banks(
    client: httpx2.AsyncClient, sandbox: WompiSandbox
) -> None:
    sandbox.shop.break_next("any", "error_500_before", times=6)
    methods = (await client.get("/payments/methods")).json()["methods"]
    config = (await client.get("/payments/config")).json()["gateways"][0]

    assert [method["method"] for method in methods] == METHODS
    assert methods[METHODS.index("PSE")]["banks"] == []
    assert (config["public_key"], config["acceptance"]) == (KEYS.public, None)


async def test_without_gateways_nothing_is_offered(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    app.state.gateways = {}

    assert (await client.get("/payments/methods")).json() == {"methods": []}
    assert (await client.get("/payments/config")).json()["gateways"] == []
    assert (await client.post("/payments/webhook", content=b"{}")).status_code == 404


async def test_health_tells_of_a_circuit_that_opened(
    client: httpx2.AsyncClient, sandbox: WompiSandbox
) -> None:
    assert (await client.get("/payments/health")).json() == {
        "status": "ok",
        "gateways": [
            {
                "gateway": "wompi",
                "environment": "test",
                "status": "ok",
                "circuits": dict.fromkeys(METHODS, "CLOSED"),
            }
        ],
    }
    sandbox.shop.break_next("banks", "rate_limit", times=5)
    for _ in range(5):
        await client.get("/payments/methods")

    health = (await client.get("/payments/health")).json()
    assert health["status"] == health["gateways"][0]["status"] == "degraded"
    assert health["gateways"][0]["circuits"] == {
        **dict.fromkeys(METHODS, "CLOSED"),
        "banks": "OPEN",
    }


@pytest.mark.parametrize("path", ["/payments/webhook", "/payments/webhook/wompi"])
async def test_a_signed_event_is_stored_as_it_came(
    client: httpx2.AsyncClient,
    database: Database,
    gateway: WompiGateway,
    sandbox: WompiSandbox,
    path: str,
) -> None:
    transaction_id, headers, body = await event_of(gateway, sandbox)

    answer = await client.post(path, content=body, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert await stored(database) == [("wompi", transaction_id, body)]


async def test_an_event_that_comes_again_is_answered_and_stored_once(
    client: httpx2.AsyncClient, database: Database, gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    transaction_id, headers, body = await event_of(gateway, sandbox)

    answers = await asyncio.gather(
        *(client.post("/payments/webhook", content=body, headers=headers) for _ in range(5))
    )

    assert [answer.status_code for answer in answers] == [200] * 5
    assert await stored(database) == [("wompi", transaction_id, body)]


async def test_a_bad_signature_is_401_and_stores_nothing(
    client: httpx2.AsyncClient, database: Database, gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    _, headers, body = await event_of(gateway, sandbox)
    unsigned = {**json.loads(body), "signature": None}
    tries = [
        ({}, body.replace(b'"PENDING"', b'"APPROVED"')),
        (headers | {"X-Event-Checksum": "0" * 64}, body),
        ({}, json.dumps(unsigned).encode()),
    ]
    for sent_headers, sent in tries:
        answer = await client.post("/payments/webhook", content=sent, headers=sent_headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "BAD_SIGNATURE")

    assert await stored(database) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"event=1", b"\xff\x00"])
async def test_what_is_no_event_is_400_and_stores_nothing(
    client: httpx2.AsyncClient, database: Database, body: bytes
) -> None:
    answer = await client.post("/payments/webhook", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "NOT_AN_EVENT")
    assert await stored(database) == []


async def test_a_gateway_that_is_not_configured_is_404(
    client: httpx2.AsyncClient, database: Database, gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    _, headers, body = await event_of(gateway, sandbox)

    answer = await client.post("/payments/webhook/stripe", content=body, headers=headers)

    assert answer.status_code == 404
    assert await stored(database) == []


async def test_an_event_larger_than_the_inbox_takes_is_413(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await client.post("/payments/webhook", content=b" " * (LIMIT + 1))
    assert (answer.status_code, answer.json()["details"]) == (413, {"limit_bytes": LIMIT})

    assert (await client.post("/payments/webhook", content=b" " * LIMIT)).status_code == 400
    assert await stored(database) == []
