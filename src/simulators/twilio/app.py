"""The simulated Twilio API: one account that sends messages to nobody.

Formats: www.twilio.com/docs/messaging/api/message-resource and /docs/api/errors.
"""

import base64
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from simulators.server import hang_up

VERSION = "2010-04-01"
LONGEST_BODY = 1600
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")


@dataclass(frozen=True, slots=True)
class Account:
    """The credentials that the simulator takes."""

    sid: str = "ACmestoresimulator"
    token: str = field(default="mestore_simulator_token", repr=False)


class Fault(BaseModel):
    """What befalls the next messages; none of them is kept."""

    model_config = ConfigDict(extra="forbid")

    fault: Literal["refuse", "error_500", "rate_limit"]
    times: Annotated[int, Field(ge=1)] = 1


@dataclass(slots=True)
class State:
    """What came in, and the faults still to happen."""

    messages: list[dict[str, object]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def create_app(account: Account) -> FastAPI:
    """Build the API and the control surface of one account."""
    state = State()
    app = FastAPI(title="The Twilio simulator")
    app.include_router(_api(account, state), prefix=f"/{VERSION}")
    app.include_router(_control(state), prefix="/_control")
    return app


def _api(account: Account, state: State) -> APIRouter:
    router = APIRouter()
    expected = "Basic " + base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()

    @router.post("/Accounts/{sid}/Messages.json")
    async def create(sid: str, request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), expected.encode()) or sid != account.sid:
            return _error(401, 20003, "Authenticate")
        form = dict(parse_qsl((await request.body()).decode()))
        if state.faults:
            return await _fail(state.faults.pop(0), request)
        refusal = _refusal(form)
        if refusal is not None:
            return refusal
        message = _message(account, form)
        state.messages.append(message)
        return JSONResponse(message, 201)

    return router


def _control(state: State) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "simulator": "twilio", "messages": len(state.messages)}

    @router.get("/messages")
    async def messages() -> dict[str, object]:
        return {"data": state.messages}

    @router.post("/faults", status_code=201)
    async def add(fault: Fault) -> dict[str, object]:
        state.faults += [fault.fault] * fault.times
        return {"data": state.faults}

    @router.post("/reset")
    async def reset() -> dict[str, object]:
        state.messages.clear()
        state.faults.clear()
        return await health()

    return router


async def _fail(fault: str, request: Request) -> JSONResponse:
    if fault == "rate_limit":
        return _error(429, 20429, "Too Many Requests")
    if fault == "refuse":
        hang_up(request.scope)
        # Returning before the server noticed would make it complain.
        await request.receive()
    return _error(500, 20500, "Internal Server Error")


def _refusal(form: dict[str, str]) -> JSONResponse | None:
    to, body = form.get("To", ""), form.get("Body", "")
    if not to:
        return _error(400, 21604, "A 'To' phone number is required.")
    if not _E164.fullmatch(to):
        return _error(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return _error(400, 21603, "A 'From' phone number is required.")
    if not body:
        return _error(400, 21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    return None


def _message(account: Account, form: dict[str, str]) -> dict[str, object]:
    sid = f"SM{secrets.token_hex(16)}"
    return {
        "sid": sid,
        "account_sid": account.sid,
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "to": form["To"],
        "from": form.get("From"),
        "body": form["Body"],
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": "1",
        "error_code": None,
        "error_message": None,
        "date_created": format_datetime(datetime.now(UTC)),
        "api_version": VERSION,
        "uri": f"/{VERSION}/Accounts/{account.sid}/Messages/{sid}.json",
    }


def _error(status: int, code: int, message: str) -> JSONResponse:
    info = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": info, "status": status}
    return JSONResponse(body, status)
