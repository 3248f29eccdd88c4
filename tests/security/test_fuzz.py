"""Malformed requests to every operation, as every role: refused in our own words, never a crash."""

import random

import pytest
from fastapi import FastAPI

from mestore.kernel.db import Database
from tests.security.asking import PROBLEM, Answer
from tests.security.nasty import Spoiler
from tests.security.operations import Operation, operations
from tests.security.world import Kind, World

EACH = 6
ROLES = (Kind.GUEST, Kind.BUYER, Kind.VENDOR, Kind.SUPERUSER)
# Nobody listens where these call: they may say so.
OUTSIDE = ("/payments/", "DELETE /orders/{order_id}")
LEAKS = ("Traceback", "sqlalchemy", "asyncpg", "sqlite3", "SELECT ", "INSERT ", "site-packages")


@pytest.mark.parametrize("kind", ROLES, ids=lambda kind: kind.name.lower())
async def test_nothing_malformed_breaks_anything(
    app: FastAPI, database: Database, world: World, kind: Kind
) -> None:
    # Each engine gets requests of its own; a failure shows its request whole.
    chance = random.Random(f"{kind} {database.dialect}")
    spoiler = Spoiler(world, world.headers[kind], chance)
    wrong = []
    for operation in operations(app):
        for spoiled in spoiler.spoiled(operation, EACH):
            answer = await spoiled.of(app)
            if fault := _fault(operation, answer):
                wrong.append(f"{fault}: {spoiled}\n    {answer.status} {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)


def _fault(operation: Operation, answer: Answer) -> str:
    """Say what is wrong with an answer; nothing where nothing is."""
    if answer.status < 400:
        return ""
    if answer.error:
        return f"raised {answer.error}"
    if answer.status >= 500 and not _is_outside(operation, answer):
        return "crashed"
    if answer.headers["content-type"] != PROBLEM:
        return "not a problem document"
    if not {"code", "request_id", "status", "title", "detail", "type"} <= {*answer.json()}:
        return "an incomplete problem document"
    if leaked := [word for word in LEAKS if word in answer.text and word not in str(operation)]:
        return f"tells of {leaked}"
    return ""


def _is_outside(operation: Operation, answer: Answer) -> bool:
    return answer.status == 503 and any(part in operation.name for part in OUTSIDE)
