"""The simulated chat completions: one key, any model, no intelligence.

Format: platform.openai.com/docs/api-reference/chat/create.
"""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from simulators.server import hang_up

KEY = "chat_mestore_simulator"
SLOW_SECONDS = 30.0


class Fault(BaseModel):
    """What befalls the next answers."""

    model_config = ConfigDict(extra="forbid")

    fault: Literal["refuse", "error_500", "rate_limit", "slow", "no_json", "endless"]
    times: Annotated[int, Field(ge=1)] = 1


class Answer(BaseModel):
    """What every answer says from now on, instead of a text made from the product."""

    model_config = ConfigDict(extra="forbid")

    content: str | None


@dataclass(slots=True)
class State:
    """What was asked, what is to be said, and the faults still to happen."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    content: str | None = None
    faults: list[str] = field(default_factory=list)


def create_app(key: str) -> FastAPI:
    """Build the API and the control surface of one key."""
    state = State()
    app = FastAPI(title="The chat simulator")
    app.include_router(_api(key, state), prefix="/v1")
    app.include_router(_control(state), prefix="/_control")
    return app


def _api(key: str, state: State) -> APIRouter:
    router = APIRouter()

    @router.post("/chat/completions")
    async def complete(request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {key}".encode()):
            return _error(401, "invalid_api_key", "Incorrect API key provided.")
        asked = await request.json()
        state.requests.append(asked)
        if state.faults:
            return await _fail(state.faults.pop(0), request)
        content = _text(asked) if state.content is None else state.content
        return _completion(asked, content)

    return router


def _control(state: State) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "simulator": "chat", "requests": len(state.requests)}

    @router.get("/requests")
    async def requests() -> dict[str, object]:
        return {"data": state.requests}

    @router.put("/answer")
    async def answer(body: Answer) -> dict[str, object]:
        state.content = body.content
        return {"content": state.content}

    @router.post("/faults", status_code=201)
    async def add(fault: Fault) -> dict[str, object]:
        state.faults += [fault.fault] * fault.times
        return {"data": state.faults}

    return router


async def _fail(fault: str, request: Request) -> JSONResponse:
    if fault == "rate_limit":
        return _error(429, "rate_limit_exceeded", "Rate limit reached.")
    if fault == "no_json":
        return _completion({}, "Here is a better title: Buy now!")
    if fault == "endless":
        return _completion({}, json.dumps({"name": "x" * 1_000_000}))
    if fault == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    if fault == "refuse":
        hang_up(request.scope)
        # Returning before the server noticed would make it complain.
        await request.receive()
    return _error(500, "server_error", "The server had an error.")


def _text(asked: dict[str, Any]) -> str:
    """Return texts made from the product's own words."""
    product = json.loads(asked["messages"][-1]["content"])
    name = " ".join(filter(None, (product["name"], product["brand"])))
    about = product["description"] or product["short_description"] or ""
    written = {
        "name": f"{name} para todos los días",
        "description": f"{name}: {about} Pensado para acompañarte todos los días, en casa o fuera.",
    }
    return json.dumps({key: written[key] for key in product["fields"]}, ensure_ascii=False)


def _completion(asked: dict[str, Any], content: str) -> JSONResponse:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse(
        {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "object": "chat.completion",
            "model": asked.get("model", "unknown"),
            "choices": [choice],
        }
    )


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": code, "code": code}}, status)
