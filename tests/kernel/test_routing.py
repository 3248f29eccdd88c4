"""Routers that are passed over where a path cannot be theirs answer as FastAPI's own do."""

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from mestore.kernel.routing import Router


def app_of(make: Callable[..., APIRouter]) -> FastAPI:
    """Return an app whose routers `make` made: side by side, one in another, one without prefix."""
    things, parts, inner, bare = (
        make(prefix="/things"),
        make(prefix="/things/{thing_id}/parts"),
        make(prefix="/inner"),
        make(),
    )

    @things.get("/{thing_id}")
    async def thing(thing_id: str) -> str:
        return f"thing {thing_id}"

    @parts.get("")
    async def parts_of(thing_id: str) -> str:
        return f"parts of {thing_id}"

    @inner.post("/deep")
    async def deep() -> str:
        return "deep"

    @bare.get("/bare")
    async def bare_one() -> str:
        return "bare"

    things.include_router(inner)
    app = FastAPI(redirect_slashes=False)
    for router in (things, parts, bare):
        app.include_router(router, prefix="/api")
    return app


@pytest.fixture(params=[APIRouter, Router])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the app, once with FastAPI's routers and once with ours."""
    transport = httpx2.ASGITransport(app_of(request.param))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "answer"),
    [
        ("GET", "/api/things/1", 200, "thing 1"),
        ("GET", "/api/things/1/parts", 200, "parts of 1"),
        ("POST", "/api/things/inner/deep", 200, "deep"),
        ("GET", "/api/bare", 200, "bare"),
        ("DELETE", "/api/things/1", 405, {"detail": "Method Not Allowed"}),
        ("GET", "/api/other/things", 404, {"detail": "Not Found"}),
        ("GET", "/api/nothing", 404, {"detail": "Not Found"}),
    ],
)
async def test_every_path_is_answered_by_its_route(
    client: httpx2.AsyncClient, method: str, path: str, status: int, answer: object
) -> None:
    answered = await client.request(method, path)
    assert (answered.status_code, answered.json()) == (status, answer)


def test_the_api_document_is_the_same() -> None:
    assert app_of(Router).openapi() == app_of(APIRouter).openapi()
