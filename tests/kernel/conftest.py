"""Kernel tests know no room: a table of their own, and messages of their own."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from mestore.kernel.db import Database
from mestore.kernel.outbox import Outbox
from tests.kernel.things import METADATA, Count, Noted
from tests.kernel.web import client_of, make_app


@pytest.fixture
async def things(database: Database) -> AsyncIterator[Database]:
    """The test's database, with the table of things and routes for the test's messages."""
    database.outbox = Outbox({Noted: ("first", "second"), Count: ("count",)})
    async with database.writes.begin() as connection:
        await connection.run_sync(METADATA.drop_all)
        await connection.run_sync(METADATA.create_all)
    yield database
    async with database.writes.begin() as connection:
        await connection.run_sync(METADATA.drop_all)


@pytest.fixture
async def web() -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the small app in web.py."""
    async with client_of(make_app()) as client:
        yield client


@pytest.fixture
async def writer(things: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the small app over the test's database."""
    async with client_of(make_app(things)) as client:
        yield client
