"""Values kept in memory: fetched once for all who wait, the last one known in an outage."""

import asyncio

import pytest

from mestore.kernel.errors import Unavailable
from mestore.kernel.remembered import Remembered


class Source:
    """Counts how often it is asked; answers that count, fails, or waits until let go."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.calls = 0
        self.is_down = False
        self.open = asyncio.Event()
        self.open.set()
        self.value = Remembered(self.fetch, seconds=60, monotonic=lambda: self.now)

    async def fetch(self) -> int:
        self.calls += 1
        await self.open.wait()
        if self.is_down:
            raise Unavailable
        return self.calls


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_value_is_fetched_again_only_after_its_seconds(source: Source) -> None:
    assert [await source.value.fresh(), await source.value.fresh()] == [1, 1]
    source.now += 59.9
    assert await source.value.fresh() == 1
    source.now += 0.1
    assert await source.value.fresh() == 2


async def test_all_who_wait_share_one_fetch(source: Source) -> None:
    assert await asyncio.gather(*(source.value.fresh() for _ in range(20))) == [1] * 20
    assert source.calls == 1


async def test_all_who_wait_share_one_failure_and_the_next_caller_tries_again(
    source: Source,
) -> None:
    source.is_down = True
    ends = await asyncio.gather(*(source.value.fresh() for _ in range(20)), return_exceptions=True)
    assert [type(end) for end in ends] == [Unavailable] * 20
    assert source.calls == 1

    source.is_down = False
    assert await source.value.fresh() == 2


async def test_a_caller_who_leaves_does_not_take_the_value_from_the_others(source: Source) -> None:
    source.open.clear()
    leaving = asyncio.create_task(source.value.fresh())
    staying = asyncio.create_task(source.value.fresh())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    source.open.set()

    assert await staying == 1
    assert leaving.cancelled()


async def test_the_last_value_known_serves_while_the_source_is_down(source: Source) -> None:
    await source.value.fresh()
    source.now += 61
    source.is_down = True

    assert await source.value.latest(within=5) == 1
    with pytest.raises(Unavailable):
        await source.value.fresh()
    source.is_down = False
    assert await source.value.latest(within=5) == 4


async def test_the_last_value_known_serves_while_the_source_hangs(source: Source) -> None:
    await source.value.fresh()
    source.now += 61
    source.open.clear()

    assert await source.value.latest(within=0.01) == 1

    source.open.set()
    assert await source.value.latest(within=5) == 2
    assert source.calls == 2


async def test_without_any_value_a_source_that_hangs_is_unavailable(source: Source) -> None:
    source.open.clear()
    with pytest.raises(Unavailable):
        await source.value.latest(within=0.01)
    source.open.set()


async def test_an_expired_value_is_fetched_again(source: Source) -> None:
    await source.value.fresh()
    source.value.expire()

    assert await source.value.fresh() == 2
