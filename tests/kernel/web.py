"""A small app behind the edge, with an endpoint for each of its promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx2
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from mestore.kernel import problems
from mestore.kernel.db import Database
from mestore.kernel.errors import Conflict, Forbidden, NotFound
from mestore.kernel.http import (
    Edge,
    IdempotencyHeader,
    InTx,
    Paging,
    answered,
    check_if_match,
    client_ip,
    etag,
    once_of,
    refuses,
)
from mestore.kernel.idempotency import Answer
from mestore.kernel.money import Price
from tests.kernel.things import Colour, add

LIMIT = 1000
PROBLEM = "application/problem+json"
router = APIRouter()


class Line(BaseModel):
    """An inner part of a body."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=1, le=10)]


class Body(BaseModel):
    """A body with a field of each common kind."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=2, max_length=10, pattern="^[A-Za-z ]*$")]
    price: Price = 0  # type: ignore[assignment]
    ratio: Annotated[int, Field(gt=0, lt=5)] = 1
    is_open: bool = True
    colour: Colour = Colour.RED
    size: Literal["S", "M"] = "S"
    product: UUID | None = None
    lines: Annotated[list[Line], Field(min_length=1, max_length=2)] = [Line(quantity=1)]
    extra: dict[str, Any] = {}


@router.get("/")
async def root() -> str:
    return "root"


@router.get("/plain")
async def plain(request: Request) -> dict[str, str]:
    return {"path": request.url.path, "ip": client_ip(request)}


@router.post("/body")
async def body(body: Body) -> Body:
    return body


@router.post("/raw")
async def raw(request: Request) -> int:
    return len(await request.body())


@router.delete("/body")
async def delete_with_body(body: Body) -> Body:
    return body


@router.get("/things/{thing_id}")
async def thing(thing_id: UUID) -> str:
    return str(thing_id)


@router.get("/numbers/{number}")
async def numbered(number: int) -> int:
    return number


@router.get("/list")
async def listed(paging: Paging) -> dict[str, Any]:
    return {"page": paging.page, "per_page": paging.per_page, "cursor": paging.cursor}


@router.get("/refuse")
async def refuse() -> None:
    raise Forbidden


@router.get("/break")
async def break_down() -> None:
    raise RuntimeError("the password is hunter2: SELECT * FROM users at /srv/app.py")


@router.get("/http/{status}")
async def http(status: int) -> None:
    raise HTTPException(status, "words of the framework")


@router.post("/write/{word}")
async def write(word: str, tx: InTx) -> str:
    await add(tx, word)
    if word == "refused":
        raise Conflict
    if word == "broken":
        raise RuntimeError
    return word


@router.post("/commit-fails")
async def commit_fails(tx: InTx) -> str:
    await add(tx, "lost")
    await tx.connection.execute(text("ROLLBACK"))
    await tx.connection.invalidate()
    return "done"


@router.get("/if-match/{version}")
async def if_match(version: int, request: Request) -> str:
    check_if_match(request, etag(version))
    return "changed"


@router.post("/once", responses=refuses(NotFound, Conflict))
async def once(request: Request, key: IdempotencyHeader = None) -> Response:
    claim = await once_of(request, key, "somebody")
    words = b"none" if claim is None else f"{claim.scope}|{claim.key}".encode()
    return answered(Answer(200, words, "text/plain", replayed=claim is not None))


def make_app(database: Database | None = None) -> FastAPI:
    """Return the small app, over a database where one is given."""
    app = FastAPI(redirect_slashes=False)
    problems.install(app)
    app.add_middleware(Edge, body_limit=LIMIT)
    app.include_router(router)
    app.state.database = database
    return app


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Lend a client of an app."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a problem document of this kind, and return it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    shown: dict[str, Any] = answer.json()
    assert (shown["status"], shown["code"]) == (status, code)
    assert shown["request_id"] == answer.headers["x-request-id"]
    assert shown["title"]
    assert shown["detail"]
    assert shown["type"] == f"urn:mestore:problem:{code.lower().replace('_', '-')}"
    return shown
