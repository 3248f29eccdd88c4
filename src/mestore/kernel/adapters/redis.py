"""Redis as a wire between processes: which cached reads are out of date, and that there is work.

Never the truth: a process that misses a message is out of date for seconds, and finds its jobs at
the next poll. While Redis is away the shop goes on.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

CHANNEL = "mestore"
RECONNECT_SECONDS = 1.0
MOST_WAITING = 1_000


class Notice(msgspec.Struct, array_like=True):
    """What one process tells the others."""

    sender: str
    tags: list[str]
    has_work: bool


class RedisWire:
    """Tells other processes what a commit touched, and hears it from them."""

    def __init__(
        self, url: str, *, touch: Callable[[Iterable[str]], None], ring: Callable[[], None]
    ) -> None:
        self.redis = Redis.from_url(url, socket_connect_timeout=2, socket_keepalive=True)
        self.touch = touch
        self.ring = ring
        self.name = secrets.token_hex(6)
        self.waiting: asyncio.Queue[Notice] = asyncio.Queue(MOST_WAITING)

    def tell_touched(self, tags: Iterable[str]) -> None:
        """Send tags to the other processes, soon; never waits and never fails."""
        self._put(Notice(self.name, sorted(tags), has_work=False))

    def tell_work(self) -> None:
        """Wake the workers of the other processes, soon; never waits and never fails."""
        self._put(Notice(self.name, [], has_work=True))

    def _put(self, notice: Notice) -> None:
        # A wire that is down for long drops news: time makes up for it.
        with contextlib.suppress(asyncio.QueueFull):
            self.waiting.put_nowait(notice)

    async def run(self) -> None:
        """Send and hear until cancelled; a lost connection is tried again every second."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._again(self._send))
                tasks.create_task(self._again(self._hear))
        finally:
            await self.redis.aclose()

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except (RedisError, OSError) as error:
                log.warning("redis_is_away", error=type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _send(self) -> None:
        while True:
            notice = await self.waiting.get()
            await self.redis.publish(CHANNEL, msgspec.json.encode(notice))

    async def _hear(self) -> None:
        async with self.redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL)
            async for message in channel.listen():
                self.take(message["data"])

    def take(self, packed: bytes) -> None:
        """Act on what another process said."""
        try:
            notice = msgspec.json.decode(packed, type=Notice)
        except msgspec.MsgspecError:
            log.warning("redis_message_not_ours")
            return
        if notice.sender == self.name:
            return
        if notice.tags:
            self.touch(notice.tags)
        if notice.has_work:
            self.ring()
