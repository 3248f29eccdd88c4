"""The simulated network: a counter that pays references, annuls, and writes its daily file."""

import secrets
from typing import Annotated, Any

import httpx2
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from simulators.efecty.messages import (
    Agreement,
    Fields,
    Trailer,
    collection,
    now_in_bogota,
    signed,
)

POINT = "Efecty Simulado 001"


class Order(BaseModel):
    """Cash on the counter. Without an amount the shop is asked for it, as a cashier does.

    `force` pays whatever the shop says, `times` tells of the payment so often, `at` is the time on
    the receipt, in Bogotá as `2026-01-31 15:04:05`.
    """

    model_config = ConfigDict(extra="forbid")

    reference: Annotated[str, Field(pattern=r"^[0-9]{1,25}$")]
    amount: Annotated[int, Field(ge=1)] | None = None
    authorization: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")] | None = None
    at: str | None = None
    times: Annotated[int, Field(ge=1, le=20)] = 1
    force: bool = False
    tell: bool = True
    """Whether the shop is told online; if not, only the file tells."""


def create_app(shop_url: str, agreement: Agreement | None = None) -> FastAPI:
    """Build the network of one agreement; `shop_url` is where the shop takes its messages."""
    counter = _Counter(shop_url.rstrip("/"), agreement or Agreement())
    app = FastAPI(title="Efecty simulator")

    @app.post("/payments")
    async def pay(order: Order) -> Response:
        return await counter.pay(order)

    @app.post("/payments/{authorization}/annul")
    async def annul(authorization: str) -> Response:
        paid = counter.paid.get(authorization)
        if paid is None:
            return JSONResponse({"error": "no such authorization"}, 404)
        annulled = {**paid, "estado": "ANULADA", "fecha": now_in_bogota()}
        return JSONResponse({"answers": [await counter.send("confirm", annulled)]})

    @app.get("/collections")
    async def file(trailer: Trailer = "right", strip_zeros: bool = True) -> PlainTextResponse:
        text = collection(counter.paid.values(), trailer, strip_zeros=strip_zeros)
        return PlainTextResponse(text)

    @app.get("/_control/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "simulator": "efecty", "payments": len(counter.paid)}

    @app.post("/_control/reset")
    async def reset() -> dict[str, Any]:
        counter.paid.clear()
        return await health()

    return app


class _Counter:
    """One point of sale, and what it took."""

    def __init__(self, shop_url: str, agreement: Agreement) -> None:
        self.shop_url = shop_url
        self.agreement = agreement
        self.paid: dict[str, dict[str, str | int]] = {}

    async def pay(self, order: Order) -> Response:
        """Ask the shop, take the cash, and tell the shop as often as ordered."""
        question: dict[str, str | int] = {
            "convenio": self.agreement.convenio,
            "referencia": order.reference,
        }
        if order.amount is not None:
            question["valor"] = order.amount
        asked = await self.send("consulta", question)
        said = asked["body"] if isinstance(asked["body"], dict) else {}
        amount = order.amount or said.get("valor")
        if amount is None or (said.get("codigo") != "0000" and not order.force):
            return JSONResponse({"error": "the shop takes no such payment", "asked": asked}, 409)
        paid: dict[str, str | int] = {
            "convenio": self.agreement.convenio,
            "referencia": order.reference,
            "valor": int(amount),
            "fecha": order.at or now_in_bogota(),
            "autorizacion": order.authorization or secrets.token_hex(5).upper(),
            "punto": POINT,
        }
        self.paid[str(paid["autorizacion"])] = paid
        times = order.times if order.tell else 0
        answers = [await self.send("confirm", paid) for _ in range(times)]
        return JSONResponse({"authorization": paid["autorizacion"], "answers": answers})

    async def send(self, path: str, fields: Fields) -> dict[str, Any]:
        """Send a signed message to the shop and return what it answered."""
        message = signed(fields, self.agreement.secret)
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as http:
            try:
                answer = await http.post(f"{self.shop_url}/{path}", json=message)
            except httpx2.HTTPError as error:
                return {"status": None, "body": type(error).__name__}
        kind = answer.headers.get("content-type", "")
        return {"status": answer.status_code, "body": answer.json() if "json" in kind else None}
