"""Transactions: one place that commits, and what leaves only with the commit."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from mestore.kernel.clock import now
from mestore.kernel.db import (
    Database,
    InsideTransaction,
    Tx,
    affected,
    in_transaction,
    inserted_id,
    unless_taken,
)
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.outbox import Job
from tests.kernel.things import THINGS, Count, Noted, add, words


class Broken(Exception):
    """What a test raises in the middle of a transaction."""


async def break_after(database: Database, work: Callable[[Tx], object]) -> None:
    """Do some work in a transaction that then fails."""

    async def attempt() -> None:
        async with database.transaction() as tx:
            done = work(tx)
            if isinstance(done, Awaitable):
                await done
            raise Broken

    with pytest.raises(Broken):
        await attempt()


async def jobs(database: Database) -> list[tuple[str, str, object]]:
    """Return (handler, message, payload) of every job, in order of writing."""
    query = select(Job.handler, Job.message, Job.payload).order_by(Job.id)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_what_a_transaction_wrote_is_there_after_it(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "kept")
    assert await words(things) == ["kept"]


async def test_an_error_rolls_everything_back(things: Database) -> None:
    await break_after(things, lambda tx: add(tx, "lost"))
    assert await words(things) == []


async def test_a_taken_key_undoes_its_block_alone(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "there")
        async with unless_taken(tx.connection):
            await add(tx, "beside it")
            await add(tx, "there")
        await add(tx, "after it")
    assert await words(things) == ["after it", "there"]


async def test_only_a_taken_key_is_passed_over(things: Database) -> None:
    below_zero = insert(THINGS).values(word="less", amount=-1)
    async with things.transaction() as tx:
        with pytest.raises(SQLAlchemyError) as refused:
            async with unless_taken(tx.connection):
                await tx.connection.execute(below_zero)
    assert fault_of(refused.value) is Fault.CHECK


async def test_a_cancelled_transaction_is_rolled_back(things: Database) -> None:
    written = asyncio.Event()

    async def write() -> None:
        async with things.transaction() as tx:
            await add(tx, "lost")
            written.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with things.transaction() as tx:
        await add(tx, "after")
    assert await words(things) == ["after"]


async def test_a_transaction_inside_another_is_refused_and_the_outer_one_goes_on(
    things: Database,
) -> None:
    async with things.transaction() as tx:
        with pytest.raises(InsideTransaction):
            async with things.transaction():
                pass
        await add(tx, "outer")
    assert await words(things) == ["outer"]


async def test_a_task_knows_whether_it_is_in_a_transaction(things: Database) -> None:
    assert not in_transaction()
    async with things.transaction():
        assert in_transaction()
    assert not in_transaction()
    await break_after(things, lambda _: None)
    assert not in_transaction()


async def test_messages_become_rows_one_a_handler(things: Database) -> None:
    later = now() + timedelta(hours=1)
    async with things.transaction() as tx:
        tx.publish(Noted("hello"))
        tx.enqueue(Count(7), run_at=later, key="seven")
    assert await jobs(things) == [
        ("first", "Noted", {"word": "hello"}),
        ("second", "Noted", {"word": "hello"}),
        ("count", "Count", {"number": 7}),
    ]
    async with things.read() as connection:
        query = select(Job.run_at, Job.key, Job.tries).where(Job.handler == "count")
        assert (await connection.execute(query)).one() == (later, "seven", 0)


async def test_messages_of_a_transaction_that_fails_do_not_leave(things: Database) -> None:
    await break_after(things, lambda tx: tx.publish(Noted("hello")))
    assert await jobs(things) == []


async def test_an_unknown_message_is_a_bug(things: Database) -> None:
    @dataclass(frozen=True)
    class Unheard(Noted):
        pass

    with pytest.raises(KeyError):
        async with things.transaction() as tx:
            tx.publish(Unheard("hello"))


async def test_a_second_task_with_the_same_key_is_a_conflict(things: Database) -> None:
    async with things.transaction() as tx:
        tx.enqueue(Count(1), key="once")
    with pytest.raises(Exception) as caught:  # noqa: PT011  the drivers' own types; see fault_of
        async with things.transaction() as tx:
            tx.enqueue(Count(2), key="once")
    assert fault_of(caught.value) is Fault.UNIQUE
    assert await jobs(things) == [("count", "Count", {"number": 1})]


async def test_caches_hear_of_a_change_only_after_the_commit(things: Database) -> None:
    heard: list[tuple[list[str], list[str]]] = []
    pending: list[asyncio.Task[None]] = []

    async def look(tags: Iterable[str]) -> None:
        heard.append((sorted(tags), await words(things)))

    def listen(tags: Iterable[str]) -> None:
        assert not in_transaction()
        pending.append(asyncio.create_task(look(tags)))

    things.touch_listeners.append(listen)
    async with things.transaction() as tx:
        await add(tx, "kept")
        tx.touch("a", "b")
        tx.touch("a")
        assert pending == []
    await asyncio.gather(*pending)
    assert heard == [(["a", "b"], ["kept"])]


async def test_caches_hear_nothing_of_a_rollback_or_of_no_change(things: Database) -> None:
    heard: list[Iterable[str]] = []
    things.touch_listeners.append(heard.append)
    await break_after(things, lambda tx: tx.touch("a"))
    async with things.transaction() as tx:
        await add(tx, "quiet")
    assert heard == []


async def test_the_bell_rings_for_a_job_that_is_due_and_not_for_a_later_one(
    things: Database,
) -> None:
    async with things.transaction() as tx:
        tx.enqueue(Count(1), run_at=now() + timedelta(minutes=1))
    assert not things.bell.is_set()
    async with things.transaction() as tx:
        tx.enqueue(Count(2))
    assert things.bell.is_set()


async def test_the_read_lane_sees_what_is_committed_and_nothing_else(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "before")
    async with things.read() as connection:
        assert list(await connection.scalars(select(THINGS.c.word))) == ["before"]
        async with things.transaction() as tx:
            await add(tx, "during")
            assert list(await connection.scalars(select(THINGS.c.word))) == ["before"]
        assert sorted(await connection.scalars(select(THINGS.c.word))) == ["before", "during"]


async def test_a_read_that_fails_holds_no_lock(things: Database) -> None:
    wrong = select(THINGS.c.id).where(THINGS.c.small == bindparam("number"))

    async def read() -> None:
        async with things.read() as connection:
            await connection.execute(wrong, {"number": 2**80})

    # MariaDB compares with any number.
    with contextlib.suppress(SQLAlchemyError, OverflowError):
        await read()
    async with asyncio.timeout(30), things.transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE test_things ADD COLUMN later INTEGER"))
    async with things.read() as connection:
        assert list(await connection.execute(wrong, {"number": 5})) == []


async def test_affected_counts_the_rows_that_met_the_condition(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "one", small=1)
        await add(tx, "two", small=2)
        rename = update(THINGS).where(THINGS.c.word == "one")
        assert await affected(tx.connection, rename.values(small=9)) == 1
        # The same values again: MariaDB would say 0 changed rows.
        assert await affected(tx.connection, rename.values(small=9)) == 1
        assert await affected(tx.connection, update(THINGS).values(small=0)) == 2
        none = update(THINGS).where(THINGS.c.word == "none").values(small=0)
        assert await affected(tx.connection, none) == 0


async def test_inserted_id_is_the_key_of_the_new_row(things: Database) -> None:
    async with things.transaction() as tx:
        first = await inserted_id(tx.connection, insert(THINGS), {"word": "one"})
        second = await inserted_id(tx.connection, insert(THINGS), {"word": "two"})
        query = select(THINGS.c.id, THINGS.c.word).order_by(THINGS.c.id)
        rows = (await tx.connection.execute(query)).all()
    assert rows == [(first, "one"), (second, "two")]
    assert first < second


async def test_parallel_conditional_updates_lose_nothing(things: Database) -> None:
    async with things.transaction() as tx:
        await add(tx, "stock", small=30)
    take = (
        update(THINGS)
        .where(THINGS.c.word == "stock", THINGS.c.small > 0)
        .values(small=THINGS.c.small - 1)
    )

    async def buy() -> int:
        async with things.transaction() as tx:
            return await affected(tx.connection, take)

    sold = await asyncio.gather(*(buy() for _ in range(50)))
    assert sum(sold) == 30
    async with things.read() as connection:
        assert await connection.scalar(select(THINGS.c.small)) == 0


async def test_parallel_read_then_write_on_sqlite_loses_nothing(things: Database) -> None:
    if things.dialect != "sqlite":
        pytest.skip("on servers only conditional updates and locks promise this")
    async with things.transaction() as tx:
        await add(tx, "counter", small=0)

    async def count(database: Database) -> None:
        async with database.transaction() as tx:
            seen = (await tx.connection.execute(select(THINGS.c.small))).scalar_one()
            await tx.connection.execute(update(THINGS).values(small=seen + 1))

    other = Database(things.writes.url.render_as_string(hide_password=False))
    await asyncio.gather(*(count(things) for _ in range(20)), *(count(other) for _ in range(20)))
    await other.close()
    async with things.read() as connection:
        assert await connection.scalar(select(THINGS.c.small)) == 40


async def test_servers_read_committed_and_think_in_utc(database: Database) -> None:
    statement = {
        "postgresql": "SELECT current_setting('transaction_isolation'), "
        "current_setting('timezone')",
        "mysql": "SELECT @@tx_isolation, @@time_zone",
        "sqlite": "SELECT 'one writer', 'no zone'",
    }[database.dialect]
    async with database.transaction() as tx:
        found = tuple((await tx.connection.execute(text(statement))).one())
    assert (
        found
        == {
            "postgresql": ("read committed", "UTC"),
            "mysql": ("READ-COMMITTED", "+00:00"),
            "sqlite": ("one writer", "no zone"),
        }[database.dialect]
    )


@dataclass(frozen=True)
class Choice:
    """An operator's choice."""

    size: int = 1


async def test_a_policy_is_what_the_operator_chose_or_else_its_defaults(engine_url: str) -> None:
    plain, chosen = Database(engine_url), Database(engine_url, policies={Choice: Choice(5)})
    async with plain.transaction() as tx:
        assert tx.policy(Choice) == Choice(1)
    async with chosen.transaction() as tx:
        assert tx.policy(Choice) == Choice(5)
    await plain.close()
    await chosen.close()


class Heard:
    """Keeps what it was touched by."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tags: list[str] = []

    def touch(self, tags: Iterable[str]) -> None:
        """Remember the tags."""
        self.tags += sorted(tags)


async def test_what_is_kept_of_a_database_hears_of_commits_and_goes_with_it(
    engine_url: str,
) -> None:
    database = Database(engine_url)
    heard = database.kept(Heard)
    async with database.transaction() as tx:
        tx.touch("b", "a")
    assert database.kept(Heard) is heard
    assert heard.tags == ["a", "b"]

    await database.close()
    gone = weakref.ref(heard)
    del database, heard, tx
    gc.collect()
    assert gone() is None
