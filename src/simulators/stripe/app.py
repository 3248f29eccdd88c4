"""The simulated Stripe API, with faults on demand and events signed on demand."""

import hmac
import json
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Any, Literal

import httpx2
from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from simulators.api_faults import Fault, served
from simulators.fault_book import FaultBook
from simulators.stripe import page
from simulators.stripe.account import Account, Refused, Row, missing
from simulators.stripe.form import Form, number, part, read, text

SECRET_KEY = "sk_test_mestore_simulator"  # noqa: S105 - a published default of a simulator
WEBHOOK_SECRET = "whsec_mestore_simulator"  # noqa: S105 - same
PAGE = 10
CLOSED = frozenset({"won", "lost", "warning_closed"})
WORDS = {"succeeded": "succeeded", "requires_payment_method": "payment_failed"}


class Settings(BaseModel):
    """Where events go, and how refunds begin; without an address nothing is sent by itself."""

    events_url: str | None = None
    refund_status: Literal["succeeded", "pending"] = "succeeded"


class _State:
    def __init__(self, settings: Settings) -> None:
        self.start_settings = settings
        self.settings = settings
        self.account = Account()
        self.answers: dict[str, tuple[str, Response]] = {}
        self.faults = FaultBook[Fault]()


def create_app(
    secret_key: str = SECRET_KEY,
    webhook_secret: str = WEBHOOK_SECRET,
    events_url: str | None = None,
) -> FastAPI:
    """Build the API, the page of banks and the control surface of one account."""
    state = _State(Settings(events_url=events_url))
    app = FastAPI(title="Stripe simulator")

    @app.exception_handler(Refused)
    async def refuse(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"error": error.error}, error.status)

    @app.post("/v1/{kind}")
    async def create(kind: str, request: Request) -> Response:
        _check_key(request, secret_key)
        return await _create(state, kind, request)

    @app.get("/v1/{path:path}")
    async def show(path: str, request: Request) -> Response:
        _check_key(request, secret_key)
        query = read(list(request.query_params.multi_items()))
        return await _served(
            state, "read", request, lambda: JSONResponse(_show(state.account, path, query))
        )

    async def tell(found: Row) -> None:
        await _emit(state, found, f"payment_intent.{WORDS[found['status']]}", webhook_secret)

    app.include_router(page.routes(state.account, tell))
    _control_running(app, state)
    _control(app, state, webhook_secret)
    _control_faults(app, state)
    _control_disputes(app, state, webhook_secret)
    return app


def _check_key(request: Request, secret_key: str) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not secrets.compare_digest(given.encode(), secret_key.encode()):
        raise Refused(401, "invalid_request_error", "Invalid API Key provided")


async def _create(state: _State, kind: str, request: Request) -> Response:
    body = (await request.body()).decode()
    return await _served(state, "send", request, lambda: _once(state, kind, request, body))


async def _served(
    state: _State, operation: str, request: Request, work: Callable[[], Response]
) -> Response:
    return await served(state.faults, operation, request, work, _refused, _failed)


def _refused(fault: str) -> Response | None:
    match fault:
        case "rate_limit":
            error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many"}
            return JSONResponse({"error": error}, 429, {"Retry-After": "1"})
        case "conflict":
            error = {"type": "invalid_request_error", "code": "lock_timeout", "message": "Busy"}
            return JSONResponse({"error": error}, 409)
    return None


def _failed() -> Response:
    return JSONResponse({"error": {"type": "api_error", "message": "Sorry"}}, 500)


def _once(state: _State, kind: str, request: Request, body: str) -> Response:
    """Answer a repeated key with its first answer; another body under it is refused."""
    key, print_ = request.headers.get("Idempotency-Key"), f"{request.url.path}\n{body}"
    if key in state.answers:
        first, answer = state.answers[key]
        if first != print_:
            text_ = "Keys for idempotent requests can only be used with the same parameters."
            raise Refused(400, "idempotency_error", text_)
        return answer
    form, site = read(body), str(request.base_url).rstrip("/")
    answer = _answer(state, kind, form, site)
    is_validation = answer.status_code in {400, 404}
    if key is not None and not is_validation:
        state.answers[key] = print_, answer
    return answer


def _answer(state: _State, kind: str, form: Form, site: str) -> Response:
    try:
        match kind:
            case "payment_intents":
                return JSONResponse(state.account.pay(form, site))
            case "refunds":
                return JSONResponse(state.account.refund(form, state.settings.refund_status))
    except Refused as error:
        return JSONResponse({"error": error.error}, error.status)
    raise missing("endpoint", kind)


def _show(account: Account, path: str, query: Form) -> Row:
    kind, _, object_id = path.partition("/")
    rows = {
        "payment_intents": account.intents,
        "refunds": account.refunds,
        "disputes": account.disputes,
    }.get(kind)
    if rows is None:
        raise missing("endpoint", path)
    if object_id == "search":
        wanted = re.fullmatch(r"metadata\['(\w+)'\]:'([^']*)'", text(query, "query") or "")
        name, value = wanted.groups() if wanted else ("", "")
        kept = [row for row in rows.values() if row["metadata"].get(name) == value]
        return {"object": "search_result", "data": kept, "has_more": False, "url": f"/v1/{path}"}
    if not object_id:
        return _page(list(rows.values()), query, kind)
    if object_id not in rows:
        raise missing(kind.removesuffix("s"), object_id)
    return rows[object_id]


def _page(rows: list[Row], query: Form, kind: str) -> Row:
    created, payment = part(query, "created"), text(query, "payment_intent")
    since, until = number(created, "gte") or 0, number(created, "lt")
    kept = [
        row
        for row in reversed(rows)
        if since <= row["created"]
        and (until is None or row["created"] < until)
        and payment in (None, row.get("payment_intent"))
    ]
    after = text(query, "starting_after")
    if after is not None:
        kept = kept[[row["id"] for row in kept].index(after) + 1 :]
    limit = number(query, "limit") or PAGE
    has_more = len(kept) > limit
    return {"object": "list", "data": kept[:limit], "has_more": has_more, "url": f"/v1/{kind}"}


def signed(found: Row, kind: str, secret: str, at: int | None = None) -> tuple[str, str]:
    """Return the `Stripe-Signature` and the body of an event about an object."""
    at = int(time.time()) if at is None else at
    event: Row = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "type": kind,
        "created": at,
        "data": {"object": found},
    }
    body = json.dumps(event)
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), sha256).hexdigest()
    return f"t={at},v1={digest}", body


async def _emit(state: _State, found: Row, kind: str, secret: str) -> None:
    """Sign and send an event about an object, where there is somebody to send it to."""
    if state.settings.events_url is None:
        return
    header, body = signed(found, kind, secret)
    headers = {"Stripe-Signature": header, "Content-Type": "application/json"}
    # A shop that does not answer must not break the page of the bank.
    with suppress(httpx2.HTTPError):
        async with httpx2.AsyncClient(trust_env=False) as http:
            await http.post(state.settings.events_url, content=body, headers=headers)


def _control_running(app: FastAPI, state: _State) -> None:
    account = state.account

    @app.get("/_control/health")
    async def health() -> Row:
        return {"status": "ok", "simulator": "stripe", "payments": len(account.intents)}

    @app.post("/_control/reset")
    async def reset() -> None:
        account.reset()
        state.answers.clear()
        state.faults.clear()
        state.settings = state.start_settings

    @app.post("/_control/settings")
    async def set_up(wanted: Settings) -> Settings:
        state.settings = wanted
        return wanted


def _control(app: FastAPI, state: _State, webhook_secret: str) -> None:
    account = state.account

    @app.get("/_control/payment_intents")
    async def intents() -> list[Row]:
        return list(account.intents.values())

    @app.post("/_control/payment_intents/{intent_id}/status")
    async def finish(intent_id: str, status: str = Body(embed=True)) -> Row:
        account.finish(account.intent(intent_id), status)
        return account.intent(intent_id)

    @app.get("/_control/refunds")
    async def refunds() -> list[Row]:
        return list(account.refunds.values())

    @app.post("/_control/refunds/{refund_id}/status")
    async def end_refund(refund_id: str, status: str = Body(embed=True)) -> Row:
        if refund_id not in account.refunds:
            raise missing("refund", refund_id)
        found = account.refunds[refund_id]
        found["status"] = status
        await _emit(state, found, "refund.updated", webhook_secret)
        return found

    @app.get("/_control/events/{object_id}")
    async def event(object_id: str, kind: str, secret: str = webhook_secret) -> Any:  # noqa: ANN401
        rows = account.intents | account.refunds | account.disputes
        header, body = signed(rows[object_id], kind, secret)
        return {"header": header, "body": body}


def _control_faults(app: FastAPI, state: _State) -> None:
    @app.post("/_control/faults")
    async def fault(wanted: Fault) -> None:
        state.faults.add(wanted)

    @app.delete("/_control/faults")
    async def mend() -> None:
        state.faults.clear()


def _control_disputes(app: FastAPI, state: _State, webhook_secret: str) -> None:
    account = state.account

    @app.post("/_control/payment_intents/{intent_id}/dispute")
    async def dispute(
        intent_id: str,
        amount: Annotated[int | None, Body()] = None,
        status: Annotated[str, Body()] = "needs_response",
    ) -> Row:
        found = account.dispute(account.intent(intent_id), amount, status)
        await _emit(state, found, "charge.dispute.created", webhook_secret)
        return found

    @app.post("/_control/disputes/{dispute_id}/status")
    async def decide(dispute_id: str, status: str = Body(embed=True)) -> Row:
        if dispute_id not in account.disputes:
            raise missing("dispute", dispute_id)
        found = account.disputes[dispute_id]
        found["status"] = status
        word = "closed" if status in CLOSED else "updated"
        await _emit(state, found, f"charge.dispute.{word}", webhook_secret)
        return found
