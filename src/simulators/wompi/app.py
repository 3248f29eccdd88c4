"""The simulated Wompi API."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx2
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.middleware.cors import CORSMiddleware

from simulators.wompi import bank_page, control, errors
from simulators.wompi.banks import BANKS
from simulators.wompi.config import Config
from simulators.wompi.errors import bad_key, invalid, not_found
from simulators.wompi.faults import FaultMiddleware
from simulators.wompi.gateway import Gateway
from simulators.wompi.tokens import END_USER_POLICY, PERSONAL_DATA_AUTH
from simulators.wompi.views import EXTRAS, MERCHANT
from simulators.wompi.wire import CardIn, ListQuery, RefundIn, TransactionIn, VoidIn, parse

DOCUMENTS = {
    "presigned_acceptance": (END_USER_POLICY, "https://wompi.example/terminos.pdf"),
    "presigned_personal_data_auth": (PERSONAL_DATA_AUTH, "https://wompi.example/datos.pdf"),
}
EVENT_TIMEOUT = 10.0


def create_app(config: Config) -> FastAPI:
    """Build the API, the bank page and the control surface of one merchant account."""
    gateway = Gateway(config)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Events go to the shop next door: a proxy of the environment must not see them.
        async with httpx2.AsyncClient(timeout=EVENT_TIMEOUT, trust_env=False) as client:
            gateway.events.open(client)
            yield
            await gateway.background.close()

    app = FastAPI(title="Wompi simulator", lifespan=lifespan)
    app.add_middleware(FaultMiddleware, book=gateway.faults)
    # The page of a shop sends card numbers from the browser, so that its server never sees them.
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]
    )
    errors.install(app)
    app.include_router(_public(gateway), prefix="/v1")
    app.include_router(_transactions(gateway), prefix="/v1/transactions")
    app.include_router(_refunds(gateway), prefix="/v1/refunds")
    app.include_router(bank_page.routes(gateway))
    app.include_router(control.routes(gateway))
    return app


def _public(gateway: Gateway) -> APIRouter:
    router = APIRouter()
    public_only = Depends(_Keys(gateway.config.public_key))

    @router.get("/merchants/{public_key}")
    async def merchant(public_key: str) -> dict[str, object]:
        if public_key != gateway.config.public_key:
            raise not_found()
        return _answer(_merchant(gateway))

    @router.post("/tokens/cards", status_code=201, dependencies=[public_only])
    async def tokenize(request: Request) -> dict[str, object]:
        card = parse(CardIn, await _body(request))
        if card.is_expired():
            raise invalid("exp_year", text="La tarjeta está vencida")
        return {"status": "CREATED", "data": gateway.cards.add(card).shown()}

    @router.get("/pse/financial_institutions", dependencies=[public_only])
    async def banks() -> dict[str, object]:
        return _answer(
            [
                {"financial_institution_code": code, "financial_institution_name": name}
                for code, name in BANKS.items()
            ]
        )

    return router


def _transactions(gateway: Gateway) -> APIRouter:
    router = APIRouter()
    either_key = Depends(_Keys(gateway.config.private_key, gateway.config.public_key))
    private_only = Depends(_Keys(gateway.config.private_key))

    @router.post("", status_code=201, dependencies=[either_key])
    async def create(request: Request) -> dict[str, object]:
        wanted = parse(TransactionIn, await _body(request))
        transaction = gateway.create(wanted, str(request.base_url))
        return _answer(gateway.view(transaction))

    @router.get("", dependencies=[private_only])
    async def page(query: Annotated[ListQuery, Query()]) -> dict[str, object]:
        found, total = gateway.page(query)
        answer = _answer([gateway.view(transaction) for transaction in found])
        answer["meta"] = {
            "page": query.page,
            "page_size": query.page_size,
            "total_results": total,
        }
        return answer

    @router.get("/{transaction_id}", dependencies=[private_only])
    async def fetch(transaction_id: str) -> dict[str, object]:
        transaction = gateway.get(transaction_id)
        transaction.polls += 1
        return _answer(gateway.view(transaction))

    @router.post("/{transaction_id}/void", status_code=201, dependencies=[private_only])
    async def void(transaction_id: str, request: Request) -> dict[str, object]:
        transaction = gateway.get(transaction_id)
        gateway.void(transaction, parse(VoidIn, await _body(request)).amount_in_cents)
        outcome = {"status": "APPROVED", "status_message": None}
        return _answer(outcome | {"transaction": gateway.view(transaction)})

    return router


def _refunds(gateway: Gateway) -> APIRouter:
    router = APIRouter(dependencies=[Depends(_Keys(gateway.config.private_key))])

    @router.post("", status_code=201)
    async def refund(request: Request) -> dict[str, object]:
        return _answer(gateway.refund(parse(RefundIn, await _body(request))).shown())

    return router


class _Keys:
    """Opens an endpoint to the keys it is given, and to no other."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys

    async def __call__(self, request: Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise bad_key("Se esperaba una llave de acceso pero no se recibió ninguna.")
        if key.startswith(("pub_prod_", "prv_prod_")):
            raise bad_key("La llave proporcionada no corresponde a este ambiente.")
        if not any(secrets.compare_digest(key.encode(), good.encode()) for good in self._keys):
            raise bad_key("La llave proporcionada no es válida para esta operación.")


def _merchant(gateway: Gateway) -> dict[str, object]:
    presigned = {
        name: {
            "acceptance_token": gateway.acceptances.fresh(kind, permalink),
            "permalink": permalink,
            "type": kind,
        }
        for name, (kind, permalink) in DOCUMENTS.items()
    }
    account: dict[str, object] = {
        "id": 1,
        "active": True,
        "public_key": gateway.config.public_key,
        "accepted_payment_methods": list(EXTRAS),
        "accepted_currencies": ["COP"],
    }
    return account | MERCHANT | presigned


async def _body(request: Request) -> object:
    if not await request.body():
        return {}
    try:
        body: object = await request.json()
    except ValueError:
        raise invalid("body", text="No es un JSON válido") from None
    return body


def _answer(data: object) -> dict[str, object]:
    return {"data": data, "meta": {"trace_id": secrets.token_hex(16)}}
