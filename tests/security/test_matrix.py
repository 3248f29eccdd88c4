"""Every operation, asked for by every kind of caller: who may not is told so, and changes none."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.settings import Environment, Settings
from tests import engines
from tests.conftest import Sources
from tests.security.access import ACCESS, RULES, Denials
from tests.security.asking import PROBLEM, Answer, ask
from tests.security.operations import Operation, operations
from tests.security.world import POWERLESS, Kind, World, checksums

HINT = "tests/security/access.py needs one line for each operation: add what is new, drop the rest"


@pytest.fixture
def settings(sources: Sources, tmp_path: Path) -> Settings:
    """A program on SQLite alone: who may do what does not depend on the engine."""
    url = engines.copy_of(sources.sqlite, tmp_path)
    return Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=url.render_as_string(hide_password=False),
        data_dir=tmp_path,
        secret_key=SecretStr("a secret of the tests, 32 characters or more"),
        wompi_base_url="http://127.0.0.1:9/v1",
        efecty_secret=SecretStr("a secret of the tests"),
    )


@pytest.fixture
def opened(program: App) -> tuple[Database, App | None]:
    """The program's own database."""
    return program.database, program


async def test_the_table_has_every_operation(app: FastAPI) -> None:
    found = {operation.name for operation in operations(app)}
    assert (found - ACCESS.keys(), ACCESS.keys() - found) == (set(), set()), HINT


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name.lower())
async def test_who_may_do_what(app: FastAPI, database: Database, world: World, kind: Kind) -> None:
    every = [operation for operation in operations(app) if operation.name in ACCESS]
    denied = [operation for operation in every if _status(operation, kind) is not None]
    before = await checksums(database)
    wrong = [await _try(app, world, operation, kind) for operation in denied]
    after = await checksums(database)
    assert not any(wrong), _listed(wrong)
    assert [name for name in before if before[name] != after[name]] == []
    others = [operation for operation in every if operation not in denied]
    wrong = [await _try(app, world, operation, kind) for operation in others]
    assert not any(wrong), _listed(wrong)


def _listed(wrong: list[str]) -> str:
    return "\n".join(line for line in wrong if line)


def _status(operation: Operation, kind: Kind) -> int | None:
    """Return how this caller is turned away, or None for who may."""
    rule: Denials = RULES[ACCESS[operation.name][0]]
    if kind in POWERLESS:
        return 401 if Kind.ANONYMOUS in rule else None
    return rule.get(kind)


async def _try(app: FastAPI, world: World, operation: Operation, kind: Kind) -> str:
    """Ask as this caller, and say what is wrong with the answer; nothing where nothing is."""
    target, headers = operation.target(world.ids), world.headers[kind]
    if operation.name == "POST /auth/logout":
        headers = world.spare.get(kind, headers)
    answer = await ask(operation.method, target, headers, world.body(operation)).of(app)
    refused = _status(operation, kind)
    wanted = ACCESS[operation.name][1] if refused is None else (refused,)
    if refused is None and kind in POWERLESS:
        # A bad token may be a 401 also where none is needed.
        wanted = (*wanted, 401)
    if answer.status in wanted and _is_well_said(answer):
        return ""
    return f"{operation.name}: {answer.status}, not {wanted}: {answer.text[:200]} {answer.error}"


def _is_well_said(answer: Answer) -> bool:
    if answer.status < 400:
        return True
    return answer.headers["content-type"] == PROBLEM and {"code", "request_id"} <= {*answer.json()}
