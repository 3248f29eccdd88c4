"""Idempotency keys: one effect for a key, the first answer again for every repeat."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from mestore.kernel import idempotency, problems
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Conflict, Forbidden, Invalid, Refusal, TooMany, Unavailable
from mestore.kernel.idempotency import (
    Answer,
    IdempotencyKey,
    IdempotencyKeyReused,
    Once,
    run_once,
)
from mestore.kernel.ids import uuid7
from tests.conftest import MovedClock
from tests.kernel.things import add, words

Effect = Callable[[Tx], Awaitable[Answer]]


class SoldOut(Conflict):
    """A refusal that a repeat must read again."""

    en = "There are {left} left."
    es = "Quedan {left}."


def once(
    key: str = "key-1", *, body: bytes = b"{}", route: str = "POST /orders", who: str = "u1"
) -> Once:
    """Return a claim on a key."""
    return Once.of(principal=who, route=route, key=key, body=body)


async def buy(tx: Tx) -> Answer:
    """Write a thing and answer with its random word."""
    word = str(uuid7())
    await add(tx, word)
    return Answer(201, word.encode())


async def refuse(tx: Tx) -> Answer:
    """Write a thing, then refuse."""
    await add(tx, str(uuid7()))
    raise SoldOut(left=3)


async def never(_: Tx) -> Answer:
    """Fail the test: a repeat must not get here."""
    raise AssertionError("the effect ran again")


async def stored(database: Database) -> int:
    """Return how many keys are stored."""
    async with database.read() as connection:
        count = select(func.count()).select_from(IdempotencyKey)
        return (await connection.execute(count)).scalar_one()


async def test_without_a_key_every_call_has_its_effect(things: Database) -> None:
    first, second = await run_once(things, None, buy), await run_once(things, None, buy)
    assert first.body != second.body
    assert await words(things) == sorted([first.body.decode(), second.body.decode()])
    assert await stored(things) == 0


async def test_a_repeat_reads_the_first_answer(things: Database) -> None:
    first = await run_once(things, once(), buy)
    repeat = await run_once(things, once(), never)
    assert (first.status, first.replayed) == (201, False)
    assert repeat == Answer(201, first.body, "application/json", replayed=True)
    assert await words(things) == [first.body.decode()]


async def test_an_answer_of_a_megabyte_in_another_type_is_kept_byte_by_byte(
    things: Database,
) -> None:
    body = bytes(range(256)) * 4000

    async def effect(_: Tx) -> Answer:
        return Answer(200, body, "text/csv")

    await run_once(things, once(), effect)
    assert await run_once(things, once(), never) == Answer(200, body, "text/csv", replayed=True)


async def test_fifty_parallel_calls_have_one_effect_and_one_answer(things: Database) -> None:
    runs = 0

    async def slow(tx: Tx) -> Answer:
        nonlocal runs
        runs += 1
        answer = await buy(tx)
        await asyncio.sleep(0.05)
        return answer

    answers = await asyncio.gather(*(run_once(things, once(), slow) for _ in range(50)))
    assert len({answer.body for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert await words(things) == [answers[0].body.decode()]
    assert runs == 1


async def test_fifty_parallel_refused_calls_read_one_refusal_and_change_nothing(
    things: Database,
) -> None:
    async def call() -> bytes:
        try:
            return (await run_once(things, once(), refuse)).body
        except SoldOut as refusal:
            return problems.render(refusal)

    bodies = await asyncio.gather(*(call() for _ in range(50)))
    assert len(set(bodies)) == 1
    assert await words(things) == []
    assert await stored(things) == 1


async def test_parallel_calls_with_different_keys_do_not_wait_for_each_other(
    things: Database,
) -> None:
    calls = (run_once(things, once(f"key-{number}"), buy) for number in range(20))
    answers = await asyncio.gather(*calls)
    assert await words(things) == sorted(answer.body.decode() for answer in answers)


async def test_another_body_with_the_same_key_is_refused(things: Database) -> None:
    first = await run_once(things, once(body=b'{"quantity": 1}'), buy)
    with pytest.raises(IdempotencyKeyReused) as caught:
        await run_once(things, once(body=b'{"quantity": 2}'), never)
    assert (caught.value.status, caught.value.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await run_once(things, once(body=b'{"quantity": 1}'), never) == Answer(
        201, first.body, replayed=True
    )


async def test_another_body_at_the_same_moment_is_refused_too(things: Database) -> None:
    async def call(body: bytes) -> bytes | type[Exception]:
        try:
            return (await run_once(things, once(body=body), buy)).body
        except IdempotencyKeyReused as error:
            return type(error)

    results = await asyncio.gather(
        *(call(b"one") for _ in range(5)), *(call(b"two") for _ in "12345")
    )
    (winner,) = await words(things)
    assert sorted(map(str, results)) == sorted(
        [str(winner.encode())] * 5 + [str(IdempotencyKeyReused)] * 5
    )


@pytest.mark.parametrize(
    "other",
    [
        once("key-2"),
        once("KEY-1"),
        once("key-1 "),
        once(who="u2"),
        once(route="POST /payments/process"),
    ],
    ids=["key", "case", "space", "principal", "route"],
)
async def test_a_key_belongs_to_one_caller_and_one_route(things: Database, other: Once) -> None:
    first = await run_once(things, once(), buy)
    second = await run_once(things, other, buy)
    assert not second.replayed
    assert await words(things) == sorted([first.body.decode(), second.body.decode()])


async def test_long_routes_that_differ_at_their_ends_do_not_share_keys(things: Database) -> None:
    long = "POST /api/v1/" + "x" * 300
    first = await run_once(things, once(route=long + "/1"), buy)
    second = await run_once(things, once(route=long + "/2"), buy)
    assert not second.replayed
    assert await run_once(things, once(route=long + "/1"), never) == Answer(
        201, first.body, replayed=True
    )


async def test_a_refusal_is_replayed(things: Database) -> None:
    with pytest.raises(SoldOut):
        await run_once(things, once(), refuse)
    repeat = await run_once(things, once(), buy)
    assert (repeat.status, repeat.media_type, repeat.replayed) == (
        409,
        "application/problem+json",
        True,
    )
    assert msgspec.json.decode(repeat.body)["code"] == "SOLD_OUT"
    assert await words(things) == []


@pytest.mark.parametrize("kind", [Invalid, Forbidden, Unavailable])
async def test_a_refusal_that_the_caller_can_mend_or_wait_out_is_not_kept(
    things: Database, kind: type[Refusal]
) -> None:
    async def refuse_now(tx: Tx) -> Answer:
        await add(tx, "lost")
        raise kind

    with pytest.raises(kind):
        await run_once(things, once(), refuse_now)
    assert await stored(things) == 0
    answer = await run_once(things, once(), buy)
    assert await words(things) == [answer.body.decode()]


async def test_too_many_requests_are_not_kept(things: Database) -> None:
    async def refuse_now(_: Tx) -> Answer:
        raise TooMany(retry_after=1)

    with pytest.raises(TooMany):
        await run_once(things, once(), refuse_now)
    assert await stored(things) == 0


async def test_a_crash_leaves_nothing_so_that_a_repeat_runs_again(things: Database) -> None:
    async def crash(tx: Tx) -> Answer:
        await buy(tx)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_once(things, once(), crash)
    assert (await words(things), await stored(things)) == ([], 0)
    answer = await run_once(things, once(), buy)
    assert (answer.status, answer.replayed) == (201, False)
    assert await words(things) == [answer.body.decode()]


async def test_a_waiting_repeat_runs_where_the_first_call_crashes(things: Database) -> None:
    started, crash_now = asyncio.Event(), asyncio.Event()

    async def crash(tx: Tx) -> Answer:
        await buy(tx)
        started.set()
        await crash_now.wait()
        raise ZeroDivisionError

    first = asyncio.create_task(run_once(things, once(), crash))
    await started.wait()
    repeats = [asyncio.create_task(run_once(things, once(), buy)) for _ in range(5)]
    await asyncio.sleep(0.05)
    crash_now.set()
    with pytest.raises(ZeroDivisionError):
        await first
    answers = await asyncio.gather(*repeats)
    assert len({answer.body for answer in answers}) == 1
    assert await words(things) == [answers[0].body.decode()]


async def test_a_key_can_be_used_again_after_a_day(things: Database, clock: MovedClock) -> None:
    first = await run_once(things, once(body=b"one"), buy)
    clock.advance(idempotency.KEEP - timedelta(minutes=1))
    assert (await run_once(things, once(body=b"one"), never)).body == first.body
    clock.advance(timedelta(minutes=2))
    second = await run_once(things, once(body=b"two"), buy)
    assert not second.replayed
    assert await words(things) == sorted([first.body.decode(), second.body.decode()])
    assert await run_once(things, once(body=b"two"), never) == Answer(
        201, second.body, replayed=True
    )


async def test_twenty_parallel_calls_with_an_expired_key_have_one_effect(
    things: Database, clock: MovedClock
) -> None:
    first = await run_once(things, once(), buy)
    clock.advance(idempotency.KEEP + timedelta(minutes=1))
    answers = await asyncio.gather(*(run_once(things, once(), buy) for _ in range(20)))
    assert len({answer.body for answer in answers}) == 1
    assert await words(things) == sorted([first.body.decode(), answers[0].body.decode()])


async def test_expired_keys_are_purged_and_others_stay(things: Database, clock: MovedClock) -> None:
    await run_once(things, once("old"), buy)
    clock.advance(idempotency.KEEP + timedelta(minutes=1))
    kept = await run_once(things, once("new"), buy)
    async with things.transaction() as tx:
        assert await idempotency.purge_expired(tx) == 1
    assert await stored(things) == 1
    assert await run_once(things, once("new"), never) == Answer(201, kept.body, replayed=True)
