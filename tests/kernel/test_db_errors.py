"""Every fault, provoked for real on every engine."""

import asyncio
import socket
import threading
from contextlib import nullcontext

import pytest
from sqlalchemy import insert, literal, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from mestore.kernel import db
from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from tests.kernel.things import THINGS, add


async def fault_when(database: Database, statement: object, values: object = None) -> Fault:
    """Run one statement in a transaction that must fail, and return what its error means."""
    with pytest.raises((SQLAlchemyError, OSError)) as caught:
        async with database.transaction() as tx:
            await tx.connection.execute(statement, values)  # type: ignore[call-overload]
    return fault_of(caught.value)


async def test_a_second_row_with_a_unique_value(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "once")
    assert await fault_when(things, insert(THINGS), {"word": "once"}) is Fault.UNIQUE


async def test_a_second_row_with_a_primary_key(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "once", id=5)
    assert await fault_when(things, insert(THINGS), {"id": 5, "word": "twice"}) is Fault.UNIQUE


async def test_a_value_that_a_check_refuses(things: Database) -> None:
    assert await fault_when(things, insert(THINGS), {"amount": -1}) is Fault.CHECK


async def test_an_update_that_a_check_refuses(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "poor", amount=1)
    spend = update(THINGS).values(amount=THINGS.c.amount - 2)
    assert await fault_when(things, spend) is Fault.CHECK


async def test_a_reference_to_nothing(things: Database) -> None:
    assert await fault_when(things, insert(THINGS), {"parent": 999}) is Fault.FOREIGN_KEY


async def test_deleting_what_is_referred_to(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "parent", id=1)
        await add(tx, "child", id=2, parent=1)
    gone = THINGS.delete().where(THINGS.c.id == 1)
    assert await fault_when(things, gone) is Fault.FOREIGN_KEY


async def test_a_missing_value_and_wrong_sql_are_bugs(things: Database) -> None:
    assert await fault_when(things, text("SELECT * FROM nowhere")) is Fault.OTHER
    assert await fault_when(things, text("SELEKT 1")) is Fault.OTHER


async def test_a_number_out_of_range_is_a_bug_and_no_outage(things: Database) -> None:
    too_large = select(THINGS.c.id).where(THINGS.c.small == literal(2**80))
    with pytest.raises((SQLAlchemyError, OverflowError)) as caught:
        async with things.transaction() as tx:
            await tx.connection.execute(insert(THINGS), {"small": 2**80})
    assert fault_of(caught.value) is Fault.OTHER
    if things.dialect == "postgresql":
        assert await fault_when(things, too_large) is Fault.OTHER


async def test_a_value_that_the_driver_cannot_send_is_a_bug_and_no_outage(
    things: Database,
) -> None:
    if things.dialect == "mysql":
        pytest.skip("asyncmy sends anything, as text")
    with pytest.raises((SQLAlchemyError, TypeError)) as caught:
        async with things.transaction() as tx:
            await tx.connection.execute(text("SELECT :value"), {"value": object()})
    assert fault_of(caught.value) is Fault.OTHER


@pytest.mark.parametrize("savepoint", [False, True])
async def test_a_deadlock_asks_for_a_retry(things: Database, savepoint: bool) -> None:
    if things.dialect == "sqlite":
        pytest.skip("one writer at a time cannot deadlock")
    async with things.transaction() as tx:
        await add(tx, "one", id=1)
        await add(tx, "two", id=2)
    both_hold = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with things.transaction() as tx:
            await tx.connection.execute(
                update(THINGS).where(THINGS.c.id == first).values(small=first)
            )
            await both_hold.wait()
            async with tx.connection.begin_nested() if savepoint else nullcontext():
                await tx.connection.execute(
                    update(THINGS).where(THINGS.c.id == second).values(small=first)
                )

    results = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    faults = [fault_of(result) for result in results if isinstance(result, BaseException)]
    assert faults == [Fault.RETRY]


async def test_a_lock_that_is_not_given_in_time_asks_for_a_retry(
    things: Database, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "SQLITE_BUSY_MILLISECONDS", 50)
    shorten = {
        "sqlite": "SELECT 1",
        "postgresql": "SET LOCAL lock_timeout = '50ms'",
        "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    }[things.dialect]
    async with things.transaction() as tx:
        await add(tx, "held", id=1)
    change = update(THINGS).values(small=1)

    async def wait_for_lock(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.connection.execute(text(shorten))
            await tx.connection.execute(change)

    other = Database(engine_url)
    holds, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with things.transaction() as tx:
            await tx.connection.execute(change)
            holds.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await holds.wait()
    with pytest.raises(SQLAlchemyError) as caught:
        await wait_for_lock(other)
    done.set()
    await holder
    await other.close()
    assert fault_of(caught.value) is Fault.RETRY


async def test_an_exhausted_pool_is_an_outage(
    engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "POOL_WAIT_SECONDS", 0.05)
    database = Database(engine_url, pool_size=1)
    holds, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with database.transaction():
            holds.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await holds.wait()
    fault = await fault_when(database, text("SELECT 1"))
    done.set()
    await holder
    await database.close()
    assert fault is Fault.GONE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "no-such-host.invalid"])
async def test_a_server_that_cannot_be_reached_is_an_outage(
    engine_url: str, nobody_listens: int, host: str
) -> None:
    url = make_url(engine_url)
    if url.get_backend_name() == "sqlite":
        url = url.set(database="/nowhere/at/all.db")
    else:
        url = url.set(host=host, port=nobody_listens, query={})
    database = Database(url.render_as_string(hide_password=False))
    assert await fault_when(database, text("SELECT 1")) is Fault.GONE
    await database.close()
    # aiosqlite does not wait for the thread of a connection that never opened.
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join)


async def test_a_server_that_does_not_answer_is_an_outage(
    engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(engine_url)
    if url.get_backend_name() != "postgresql":
        pytest.skip("a file always answers; asyncmy has no limit for a server's first words")
    monkeypatch.setattr(db, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = url.set(host="127.0.0.1", port=silent.getsockname()[1], query={})
        database = Database(url.render_as_string(hide_password=False))
        assert await fault_when(database, text("SELECT 1")) is Fault.GONE
        await database.close()


async def test_a_connection_that_the_server_ends_is_an_outage_and_the_next_one_works(
    database: Database,
) -> None:
    own_id = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}
    end = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
    if database.dialect == "sqlite":
        pytest.skip("a file has no connections to end")

    async def lose_the_connection() -> None:
        async with database.transaction() as tx:
            number = await tx.connection.scalar(text(own_id[database.dialect]))
            async with database.read() as killer:
                await killer.execute(text(end[database.dialect].format(number)))
            await tx.connection.execute(text("SELECT 1"))

    with pytest.raises(SQLAlchemyError) as caught:
        await lose_the_connection()
    assert fault_of(caught.value) is Fault.GONE
    async with database.transaction() as tx:
        assert await tx.connection.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ValueError("no"), Fault.OTHER),
        (FileNotFoundError("picture.jpg"), Fault.OTHER),
        (ConnectionRefusedError(), Fault.GONE),
        (TimeoutError(), Fault.GONE),
    ],
)
def test_errors_of_other_kinds(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault
