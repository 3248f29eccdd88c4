"""The wired program over a test's database: the fixtures of every directory that needs all rooms.

A conftest takes them over with `from tests.checkout.program import database as database`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from mestore.bootstrap import App
from mestore.bootstrap import build as wire
from mestore.kernel.db import Database
from mestore.main import create_app
from mestore.settings import Environment, Settings
from tests import engines
from tests.build import Build
from tests.checkout.till import Till

NOBODY_LISTENS = "http://127.0.0.1:9/v1"


def settings_of(engine_url: str, folder: Path, wompi_url: str = NOBODY_LISTENS) -> Settings:
    """Return settings that owe nothing to this machine's environment."""
    return Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=engine_url,
        data_dir=folder / "var",
        wompi_base_url=wompi_url,
        base_url="http://shop.example.com",
        cache_seconds=0,
    )


@pytest.fixture
def wompi_base_url() -> str:
    """Where the program looks for Wompi; a directory that pays overrides this."""
    return NOBODY_LISTENS


@pytest.fixture
async def program(engine_url: str, tmp_path: Path, wompi_base_url: str) -> AsyncIterator[App]:
    """The program as `serve` wires it, over this test's database."""
    program = wire(settings_of(engine_url, tmp_path, wompi_base_url))
    yield program
    if program.database.dialect != "sqlite":
        await engines.empty(program.database)
    await program.close()


@pytest.fixture
def database(program: App) -> Database:
    """The program's database, empty before and after the test."""
    return program.database


@pytest.fixture
def app(program: App) -> FastAPI:
    """The program's ASGI app; its jobs run when `run_jobs` says so."""
    return create_app(program, with_jobs=False)


@pytest.fixture
def run_jobs(program: App) -> Callable[[], Awaitable[int]]:
    """`await run_jobs()` runs due jobs until none is left, and returns how many ran."""
    worker = program.worker()

    async def run() -> int:
        total = 0
        while ran := await worker.run_due():
            total += ran
        return total

    return run


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)
