"""The wire between processes, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from mestore.kernel.adapters.redis import RedisWire
from tests.kernel.things import eventually

WITHIN_SECONDS = 30


class Heard:
    """What one process heard."""

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.rings = 0

    def touch(self, tags: Iterable[str]) -> None:
        self.tags.update(tags)

    def ring(self) -> None:
        self.rings += 1


@asynccontextmanager
async def process(url: str) -> AsyncIterator[tuple[RedisWire, Heard]]:
    heard = Heard()
    wire = RedisWire(url, touch=heard.touch, ring=heard.ring)
    running = asyncio.create_task(wire.run())
    try:
        yield wire, heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def listening(*wires: RedisWire) -> None:
    async def all_listen() -> bool:
        return bool((await wires[0].redis.pubsub_numsub("mestore"))[0][1] >= len(wires))

    await eventually(all_listen, within=WITHIN_SECONDS)


async def test_what_one_process_touches_the_others_drop(redis_url: str) -> None:
    async with process(redis_url) as (first, own), process(redis_url) as (second, other):
        await listening(first, second)
        first.tell_touched(["product:1", "catalog"])
        first.tell_work()

        async def is_heard() -> bool:
            return bool(other.tags and other.rings)

        await eventually(is_heard, within=WITHIN_SECONDS)
        assert (other.tags, other.rings) == ({"product:1", "catalog"}, 1)
        assert (own.tags, own.rings) == (set(), 0)


async def test_without_redis_the_process_goes_on() -> None:
    async with process("redis://127.0.0.1:1/0") as (wire, heard):
        for number in range(2_000):
            wire.tell_touched([f"product:{number}"])
        await asyncio.sleep(0.05)
        assert heard.tags == set()


@pytest.mark.parametrize("packed", [b"", b"{}", b"[1]", b"\xff\xfe"])
def test_a_foreign_message_is_left_alone(packed: bytes, redis_url: str) -> None:
    heard = Heard()
    RedisWire(redis_url, touch=heard.touch, ring=heard.ring).take(packed)
    assert (heard.tags, heard.rings) == (set(), 0)
