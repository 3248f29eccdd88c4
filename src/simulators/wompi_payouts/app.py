"""The simulated payouts API, with faults on demand."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from simulators.api_faults import Fault, served
from simulators.fault_book import FaultBook
from simulators.wompi_payouts.account import BANKS, Account, Batch, Refused, Row
from simulators.wompi_payouts.events import Events

KEY = re.compile(r"[A-Za-z0-9-]{1,64}")


class Config(BaseModel):
    """One account, and where its events go."""

    api_key: str = "payouts_mestore_simulator"
    user_principal_id: str = "00000000-0000-4000-8000-000000000015"
    account_id: str = "00000000-0000-4000-8000-000000000016"
    events_secret: str = "payouts_events_mestore_simulator"  # noqa: S105  a published default
    events_url: str | None = None
    resolve_after: float = 1.0


class Change(BaseModel):
    """What changes while it runs; what is left out stays."""

    events_url: str | None = None
    resolve_after: float | None = None
    balance: int | None = None
    largest_page: int | None = Field(default=None, ge=1)


class End(BaseModel):
    """An end that a line is given; without one the account number decides."""

    status: str | None = None
    amount_in_cents: int | None = None


class Simulator:
    """The account, the faults to come, and the events that were sent."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.account = Account()
        self.faults = FaultBook[Fault]()
        self.events = Events(config.events_secret, config.events_url)
        self.resolve_after = config.resolve_after
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(self, batch: Batch) -> None:
        """Let the lines of a batch end after a while."""
        task = asyncio.create_task(self._resolve(batch))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _resolve(self, batch: Batch) -> None:
        await asyncio.sleep(self.resolve_after)
        for line in self.account.resolve(batch):
            self.tell(batch, line)
        self.events.send("payout.updated", "payout", batch.shown())

    def tell(self, batch: Batch, line: Row) -> None:
        """Send the event of one line."""
        shown = {**line, "payoutId": batch.id}
        shown.pop("accountNumber")
        self.events.send("transaction.updated", "transaction", shown)

    def reset(self) -> None:
        """Go back to how it was just after the start."""
        for task in self.tasks:
            task.cancel()
        self.account = Account()
        self.faults.clear()
        self.events.sent.clear()
        self.events.url = self.config.events_url
        self.resolve_after = self.config.resolve_after

    async def close(self) -> None:
        """Stop what runs beside the requests."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.events.close()


def create_app(config: Config | None = None) -> FastAPI:
    """Build the API and the control surface of one account."""
    simulator = Simulator(config or Config())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await simulator.close()

    app = FastAPI(title="Wompi payouts simulator", lifespan=lifespan)

    @app.exception_handler(Refused)
    async def refuse(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.body, error.status)

    _api(app, simulator)
    _control(app, simulator)
    return app


def _api(app: FastAPI, simulator: Simulator) -> None:
    @app.post("/v1/payouts")
    async def make(request: Request) -> Response:
        _check_keys(request, simulator.config)
        return await _make(simulator, request)

    @app.get("/v1/{path:path}")
    async def show(path: str, request: Request) -> Response:
        _check_keys(request, simulator.config)
        return await _served(simulator, "read", request, partial(_shown, simulator, path, request))


def _check_keys(request: Request, config: Config) -> None:
    given = (request.headers.get("x-api-key", ""), request.headers.get("user-principal-id", ""))
    good = (config.api_key, config.user_principal_id)
    if not all(
        secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(given, good, strict=True)
    ):
        raise Refused(401, "EXC_001", "The key is not valid")


async def _make(simulator: Simulator, request: Request) -> Response:
    body = await request.json()
    return await _served(simulator, "send", request, partial(_made, simulator, body, request))


def _made(simulator: Simulator, body: Row, request: Request) -> Response:
    key = request.headers.get("idempotency-key", "")
    if not KEY.fullmatch(key):
        raise Refused(400, "EXC_002", "idempotency-key is 1 to 64 letters, digits and hyphens")
    if body.get("accountId") != simulator.config.account_id:
        raise Refused(400, "EXC_019", "The account is not allowed")
    made = simulator.account.make(body, key)
    simulator.begin(simulator.account.batch(made["payoutId"]))
    return JSONResponse({"status": 201, "code": "OK", "message": "", "data": made}, 201)


def _shown(simulator: Simulator, path: str, request: Request) -> Response:
    return JSONResponse({"data": _show(simulator.account, path, request.query_params)})


async def _served(
    simulator: Simulator, operation: str, request: Request, work: Callable[[], Response]
) -> Response:
    return await served(simulator.faults, operation, request, work, _refused, _failed)


def _refused(fault: str) -> Response | None:
    match fault:
        case "error_500_before":
            return _failed()
        case "rate_limit":
            body = {"code": "EXC_001", "message": "Too many"}
            return JSONResponse(body, 429, {"Retry-After": "1"})
    return None


def _failed() -> Response:
    return JSONResponse({"code": "EXC_001", "message": "Internal error"}, 500)


def _show(account: Account, path: str, query: Any) -> Any:  # noqa: ANN401  any JSON
    parts = path.split("/")
    match parts:
        case ["banks"]:
            return [{"id": key, "code": code, "name": code} for code, key in BANKS.items()]
        case ["health"]:
            return {"status": "HEALTHY"}
        case ["payouts"]:
            wanted = query.get("reference")
            found = account.batches.values()
            return [one.shown() for one in found if wanted in (None, one.reference)]
        case ["payouts", batch_id]:
            return account.batch(batch_id).shown()
        case ["payouts", batch_id, "transactions"]:
            lines = account.batch(batch_id).lines
            limit = min(int(query.get("limit", 50)), account.largest_page)
            page = int(query.get("page", 1))
            return lines[(page - 1) * limit : page * limit]
    raise Refused(404, "EXC_002", "There is no such address")


def _control(app: FastAPI, simulator: Simulator) -> None:
    @app.post("/_control/faults")
    async def fault(wanted: Fault) -> None:
        simulator.faults.add(wanted)

    @app.delete("/_control/faults")
    async def mend() -> None:
        simulator.faults.clear()

    @app.post("/_control/reset")
    async def reset() -> None:
        simulator.reset()

    @app.post("/_control/settings")
    async def change(wanted: Change) -> None:
        simulator.events.url = wanted.events_url or simulator.events.url
        if wanted.resolve_after is not None:
            simulator.resolve_after = wanted.resolve_after
        if wanted.balance is not None:
            simulator.account.balance = wanted.balance
        simulator.account.largest_page = wanted.largest_page or simulator.account.largest_page

    _control_batches(app, simulator)


def _control_batches(app: FastAPI, simulator: Simulator) -> None:
    @app.get("/_control/batches")
    async def batches() -> Row:
        found = simulator.account.batches.values()
        return {"data": [{**one.shown(), "transactions": one.lines} for one in found]}

    @app.get("/_control/events")
    async def events() -> Row:
        return {"data": simulator.events.sent}

    @app.post("/_control/reject")
    async def reject() -> None:
        for batch in simulator.account.batches.values():
            batch.is_rejected = True

    @app.post("/_control/lines/{reference}")
    async def finish(reference: str, wanted: End) -> None:
        batch, line = simulator.account.line(reference)
        line["amountInCents"] = wanted.amount_in_cents or line["amountInCents"]
        simulator.account.finish(line, wanted.status)
        simulator.tell(batch, line)
