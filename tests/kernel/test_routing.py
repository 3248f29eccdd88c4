"""Routes that are found by their addresses answer as FastAPI's own do."""

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from mestore.kernel.routing import Router, install


def routers_of(make: Callable[..., APIRouter]) -> tuple[APIRouter, ...]:
    """Return routers that `make` made: of one prefix, inside another, without one."""
    fixed, things, parts, inner, bare = (
        make(prefix="/things"),
        make(prefix="/things"),
        make(prefix="/things/{thing_id}/parts"),
        make(prefix="/things/inner"),
        make(),
    )

    @fixed.get("/newest")
    async def newest() -> str:
        return "newest"

    @fixed.get("")
    async def all_things() -> str:
        return "all"

    @things.get("/{thing_id}")
    async def thing(thing_id: str) -> str:
        return f"thing {thing_id}"

    @things.put("/{thing_id}")
    async def put_thing(thing_id: str) -> str:
        return f"put {thing_id}"

    @parts.get("")
    async def parts_of(thing_id: str) -> str:
        return f"parts of {thing_id}"

    @inner.post("/deep")
    async def deep() -> str:
        return "deep"

    @bare.get("/bare")
    async def bare_one() -> str:
        return "bare"

    return fixed, things, parts, inner, bare, any_words(make())


def any_words(router: APIRouter) -> APIRouter:
    """Give a router addresses that begin with any word."""

    @router.get("/{word}/said")
    async def said(word: str) -> str:
        return f"said {word}"

    @router.get("/{word}")
    async def any_word(word: str) -> str:
        return f"word {word}"

    return router


def app_of(*, is_ours: bool) -> FastAPI:
    """Return an app with routers of ours, or of FastAPI."""
    app = FastAPI(title="Things", summary="All of them", version="2", redirect_slashes=False)
    if is_ours:
        install(app, routers_of(Router))
        return app
    for router in routers_of(APIRouter):
        app.include_router(router, prefix="/api/v1")
    return app


@pytest.fixture(params=[False, True], ids=["FastAPI", "ours"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the app, once with FastAPI's routers and once with ours."""
    transport = httpx2.ASGITransport(app_of(is_ours=request.param))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "answer"),
    [
        ("GET", "/api/v1/things", 200, "all"),
        ("GET", "/api/v1/things/newest", 200, "newest"),
        ("PUT", "/api/v1/things/newest", 200, "put newest"),
        ("DELETE", "/api/v1/things/newest", 405, {"detail": "Method Not Allowed"}),
        ("GET", "/api/v1/things/not-newest", 200, "thing not-newest"),
        ("GET", "/api/v1/things/1", 200, "thing 1"),
        ("GET", "/api/v1/things/said", 200, "thing said"),
        ("GET", "/api/v1/bare", 200, "bare"),
        ("GET", "/api/v1/words/said", 200, "said words"),
        ("GET", "/api/v1/words", 200, "word words"),
        ("GET", "/api/v1/things/1/parts", 200, "parts of 1"),
        ("POST", "/api/v1/things/inner/deep", 200, "deep"),
        ("DELETE", "/api/v1/things/1", 405, {"detail": "Method Not Allowed"}),
        ("GET", "/api/v1/other/things", 404, {"detail": "Not Found"}),
        ("GET", "/api/v1/things/1/parts/2", 404, {"detail": "Not Found"}),
        ("GET", "/api/v1/things/", 404, {"detail": "Not Found"}),
        ("GET", "/", 404, {"detail": "Not Found"}),
        ("GET", "/api/v1/nothing/of/it", 404, {"detail": "Not Found"}),
    ],
)
async def test_every_path_is_answered_by_its_route(
    client: httpx2.AsyncClient, method: str, path: str, status: int, answer: object
) -> None:
    answered = await client.request(method, path)
    assert (answered.status_code, answered.json()) == (status, answer)


def test_the_api_document_is_the_same() -> None:
    assert app_of(is_ours=True).openapi() == app_of(is_ours=False).openapi()


async def test_a_written_address_goes_before_one_with_a_parameter() -> None:
    app, things = FastAPI(), Router(prefix="/things")

    @things.get("/{thing_id}")
    async def thing(thing_id: str) -> str:
        return f"thing {thing_id}"

    @things.get("/newest")
    async def newest() -> str:
        return "newest"

    install(app, [things])
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://test"
    ) as client:
        answers = [(await client.get(f"/api/v1/things/{name}")).json() for name in ("newest", "1")]
    assert answers == ["newest", "thing 1"]
