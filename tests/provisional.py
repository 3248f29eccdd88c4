"""Stand-ins for bootstrap, subscriptions and main while those are being written. To be removed."""

import importlib
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI

import mestore
from mestore.kernel import problems
from mestore.kernel.cache import ReadyBytes
from mestore.kernel.db import Database
from mestore.kernel.http import Edge
from mestore.kernel.jobs import Route
from mestore.kernel.messages import Message
from mestore.kernel.outbox import Outbox


class _Anything(dict[type[Message], tuple[str, ...]]):
    def __missing__(self, _: type[Message]) -> tuple[str, ...]:
        return ()


def outbox() -> Outbox:
    """An outbox that takes every message and delivers none."""
    return Outbox(_Anything())


def policies() -> dict[type, object]:
    """What the operator chose: only the secret that signs tokens."""
    types: Any = importlib.import_module("mestore.accounts.types")
    return {types.SignInPolicy: types.SignInPolicy(secret="s" * 64)}


def routes(_: Database) -> list[Route]:
    """No handlers yet."""
    return []


def app(database: Database) -> FastAPI:
    """Every router that exists now, under /api/v1."""
    made = FastAPI(redirect_slashes=False)
    problems.install(made)
    made.add_middleware(Edge, body_limit=1024 * 1024)
    for endpoints in sorted(Path(mestore.__path__[0]).glob("*/endpoints*")):
        module: Any = importlib.import_module(f"mestore.{endpoints.parent.name}.endpoints")
        for router in vars(module).values():
            if isinstance(router, APIRouter):
                made.include_router(router, prefix="/api/v1")
    ready_bytes = ReadyBytes(2.0)
    database.touch_listeners.append(ready_bytes.touch)
    made.state.database = database
    made.state.ready_bytes = ready_bytes
    made.state.gateways = {}
    made.state.media_url = "/media"
    if (Path(mestore.__path__[0]) / "accounts" / "service").exists():
        passwords: Any = importlib.import_module("mestore.accounts.service.passwords")
        types: Any = importlib.import_module("mestore.accounts.types")
        made.state.passwords = passwords.Passwords()
        made.state.sign_in_policy = types.SignInPolicy(secret="s" * 64)
    return made
