"""Routers that are passed over at once where a path cannot be theirs."""

from functools import cached_property

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class Router(APIRouter):
    """A router that tries its routes only on paths that have its prefix in them.

    FastAPI tries every route of every router in turn, twice for the one that it finds: with the
    routers of all rooms that came to three times the cost of a cached answer.
    """

    @cached_property
    def _start(self) -> str:
        return self.prefix.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether one of the routes is meant, as FastAPI asks of an included router."""
        if self._start not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)
