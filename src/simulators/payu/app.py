"""The simulated PayU API: two addresses whose bodies name the command."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response

from simulators.payu import control, page
from simulators.payu.account import Row
from simulators.payu.config import Config
from simulators.payu.gateway import Fault, Gateway, Operation
from simulators.payu.queries import answer
from simulators.payu.submit import Refused, banks, submit, tokenize
from simulators.server import hang_up

PAYMENTS = "/payments-api/4.0/service.cgi"
QUERIES = "/reports-api/4.0/service.cgi"

Work = Callable[[Gateway, Request, Row], Row]


def create_app(config: Config | None = None) -> FastAPI:
    """Build the API, the page of banks and counters, and the control surface of one account."""
    gateway = Gateway(config or Config())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        ticking = asyncio.create_task(gateway.tick())
        yield
        ticking.cancel()
        await gateway.confirmations.close()

    app = FastAPI(title="PayU simulator", lifespan=lifespan)
    # The page of a shop sends card numbers from the browser, so that its server never sees them.
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]
    )

    @app.post(PAYMENTS)
    async def payments(request: Request) -> Response:
        return await _served(gateway, request, _pay)

    @app.post(QUERIES)
    async def queries(request: Request) -> Response:
        return await _served(gateway, request, _show)

    app.include_router(page.routes(gateway))
    app.include_router(control.routes(gateway))
    return app


async def _served(gateway: Gateway, request: Request, work: Work) -> Response:
    """Answer a command, unless a fault befalls it."""
    body = await request.body()
    try:
        wanted = json.loads(body)
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        return JSONResponse(_error("Invalid request format"))
    fault = gateway.faults.take(_operation(wanted))
    if fault is None:
        return _answer(gateway, request, wanted, work)
    return await _broken(gateway, request, wanted, work, fault)


async def _broken(
    gateway: Gateway, request: Request, wanted: Row, work: Work, fault: Fault
) -> Response:
    match fault.fault:
        case "refuse":
            hang_up(request.scope)
            return Response(status_code=500)
        case "rate_limit":
            return JSONResponse(_error("Too many"), 429, {"Retry-After": "1"})
        case "error_500_before":
            return Response(status_code=500)
        case "code_error":
            return JSONResponse(_error(fault.error))
        case "slow":
            await gateway.faults.hang(fault.seconds)
            return _answer(gateway, request, wanted, work)
    whole = _answer(gateway, request, wanted, work)
    match fault.fault:
        case "timeout_after":
            await gateway.faults.hang(fault.seconds)
            hang_up(request.scope)
        case "half_json":
            half = bytes(whole.body)[: len(whole.body) // 2]
            return Response(half, media_type="application/json")
    return Response(status_code=500)


def _operation(wanted: Row) -> Operation:
    command = wanted.get("command")
    if command == "SUBMIT_TRANSACTION":
        kind = str((wanted.get("transaction") or {}).get("type"))
        return "refund" if kind.endswith("REFUND") else "charge"
    return "banks" if command == "GET_BANKS_LIST" else "orders"


def _answer(gateway: Gateway, request: Request, wanted: Row, work: Work) -> Response:
    gateway.ripen()
    try:
        _check_keys(gateway.config, wanted.get("merchant"))
        return JSONResponse({"code": "SUCCESS", "error": None} | work(gateway, request, wanted))
    except Refused as error:
        return JSONResponse(_error(str(error)))


def _error(text: str) -> Row:
    return {"code": "ERROR", "error": text, "transactionResponse": None, "result": None}


def _check_keys(config: Config, keys: object) -> None:
    given = keys if isinstance(keys, dict) else {}
    for name, good in (("apiLogin", config.api_login), ("apiKey", config.api_key)):
        if not secrets.compare_digest(str(given.get(name)).encode(), good.encode()):
            raise Refused("Invalid credentials")


def _pay(gateway: Gateway, request: Request, wanted: Row) -> Row:
    match wanted.get("command"):
        case "PING":
            return {"transactionResponse": None}
        case "GET_BANKS_LIST":
            return {"banks": banks()}
        case "CREATE_TOKEN":
            card = wanted.get("creditCardToken")
            return {"creditCardToken": tokenize(gateway.account, card or {})}
        case "SUBMIT_TRANSACTION":
            site = (gateway.config.public_url or str(request.base_url)).rstrip("/")
            asked = wanted.get("transaction") or {}
            made = submit(gateway.account, gateway.config, asked, site)
            pair = gateway.account.find(str(made["transactionId"]))
            if pair is not None and pair[1].is_final:
                gateway.confirmations.send(*pair)
            return {"transactionResponse": made}
    raise Refused(f"[command] {wanted.get('command')} is not known")


def _show(gateway: Gateway, _: Request, wanted: Row) -> Row:
    found = answer(gateway.account, wanted.get("command"), wanted.get("details") or {})
    return {"result": {"payload": found} if found is not None else None}
