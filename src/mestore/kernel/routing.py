"""Routes found by what an address looks like, not by trying all of them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

API = "/api/v1"


class Router(APIRouter):
    """A router whose routes know their whole address, so that nothing is looked up through it."""

    def __init__(self, *, prefix: str = "", root: str = API, **choices: Any) -> None:  # noqa: ANN401
        super().__init__(prefix=f"{root}{prefix}", **choices)


class Addresses(BaseRoute):
    """The routes of all routers as one route, which tries only those that a path looks like.

    FastAPI tries every route of every router in turn, twice for the one that it finds: with the
    routers of all rooms that cost more than the rest of a cached answer.
    """

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self.routes = [
            route for each in routers for route in each.routes if isinstance(route, APIRoute)
        ]
        self._whole: defaultdict[str, list[APIRoute]] = defaultdict(list)
        self._by_shape: defaultdict[tuple[int, str], list[APIRoute]] = defaultdict(list)
        for route in self.routes:
            if "{" in route.path:
                self._by_shape[_shape(route.path)].append(route)
            else:
                self._whole[route.path].append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say which route is meant: one that is written out as such, or else the first that fits.

        A path of which only other methods are known is that route's to refuse.
        """
        if scope["type"] != "http":
            return Match.NONE, {}
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        known: tuple[Match, Scope] = Match.NONE, {}
        parts, first = _shape(path)
        for routes in (
            self._whole.get(path),
            self._by_shape.get((parts, first)),
            self._by_shape.get((parts, "")),
        ):
            for route in routes or ():
                found = route.matches(scope)
                if found[0] is Match.FULL:
                    return found
                if known[0] is Match.NONE:
                    known = found
        return known

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the route that was found."""
        await scope["route"].handle(scope, receive, send)


def _shape(path: str) -> tuple[int, str]:
    """Return how many parts an address has, and the first one below the root if it is a word."""
    parts = path.split("/", 4)
    first = parts[3] if len(parts) > 3 else ""
    return path.count("/"), "" if "{" in first else first


def install(api: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Give `api` the routes of all routers, and its document with them."""
    addresses = Addresses(routers)
    api.router.routes.insert(0, addresses)

    def document() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = get_openapi(
                title=api.title,
                version=api.version,
                summary=api.summary,
                routes=addresses.routes,
            )
        return api.openapi_schema

    # As FastAPI's guide extends the document.
    api.openapi = document  # type: ignore[method-assign]
