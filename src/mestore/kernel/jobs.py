"""The job loop: claims due rows under a lease, runs them, retries with back-off, buries the dead.

A handler that only writes is wrapped in `InTransaction`: its writes and the end of its job are one
transaction, so the effect happens exactly once. Any other handler may use the network and must bear
being run again.
"""

import asyncio
import os
import random
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import msgspec
import structlog
from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx, affected
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.messages import Message
from mestore.kernel.outbox import Job, JobState

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
BATCH = 20
MAXIMUM_TRIES = 12
RETRIES_AT_ONCE = 3
"""How often a job is run again without waiting where a rival's transaction was let through."""
KEEP_DONE = timedelta(days=2)


class Handler(Protocol):
    """Carries out one message. May use the network; must bear being run again."""

    async def __call__(self, message: Any, /) -> None: ...  # noqa: ANN401  each takes its own type


@dataclass(frozen=True, slots=True)
class InTransaction:
    """A handler that only writes: runs in the transaction that also ends its job."""

    run: Callable[[Tx, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes: its type, the name of the handler, and the handler.

    `given_up` makes of a message what is sent when its job is buried.
    """

    message: type[Message]
    name: str
    handler: Handler | InTransaction
    given_up: Callable[[Any], Message] | None = None


@dataclass(frozen=True, slots=True)
class Periodic:
    """A message that is due again every `every`, once over all processes."""

    message: Message
    every: timedelta


@dataclass(frozen=True, slots=True)
class _Claim:
    id: int
    handler: str
    payload: dict[str, Any]
    tries: int


def _due(moment: datetime) -> ColumnElement[bool]:
    free = or_(Job.claimed_until.is_(None), Job.claimed_until < moment)
    return and_(Job.state == JobState.READY, Job.run_at <= moment, free)


def backoff(tries: int) -> timedelta:
    """Return how long to wait after the `tries`-th failure: 2, 4, 8 … seconds, at most an hour."""
    seconds = min(2.0**tries, 3600)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  jitter, no secret


class Worker:
    """One job loop. Any number may run, in one process or many; a lease decides who does what."""

    def __init__(
        self, database: Database, routes: Sequence[Route], periodic: Sequence[Periodic] = ()
    ) -> None:
        self.database = database
        self.routes: Mapping[str, Route] = {route.name: route for route in routes}
        if len(self.routes) < len(routes):
            raise ValueError("two routes have one name")
        self.periodic = periodic
        self.name = f"{os.getpid()}-{uuid4().hex[:8]}"
        self.poll_seconds = 1.0
        self._stopping = asyncio.Event()
        self._planned: set[str] = set()

    async def run(self) -> None:
        """Work until `stop` is called; a database that is away is waited for.

        A job that takes long takes one place and holds up no other.
        """
        running: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping.is_set():
                if not await self._begin(running):
                    await self._wait(running)
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            raise
        finally:
            for error in await asyncio.gather(*running, return_exceptions=True):
                if isinstance(error, Exception):
                    # Its lease ends, and another worker takes it over.
                    log.warning("job_left", exc_info=error)

    async def _begin(self, running: set[asyncio.Task[None]]) -> int:
        """Let go of what ended, begin what is due where places are free; return how much began."""
        try:
            for task in [each for each in running if each.done()]:
                running.discard(task)
                task.result()
            # Half of the places at once: a claim is a transaction.
            if len(running) > BATCH // 2:
                return 0
            await self._plan_periodic()
            claims = await self._claim(BATCH - len(running))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("jobs_wait_for_database", fault=fault_of(error))
            return 0
        running.update(asyncio.create_task(self._run(claim)) for claim in claims)
        return len(claims)

    def stop(self) -> None:
        """Finish what is running, then leave."""
        self._stopping.set()
        self.database.bell.set()

    async def run_due(self) -> int:
        """Claim and run one batch of due jobs; return how many there were."""
        claims = await self._claim(BATCH)
        # All of them end before an error of one shows: none is left running unseen.
        ended = await asyncio.gather(*map(self._run, claims), return_exceptions=True)
        for error in filter(None, ended):
            raise error
        return len(claims)

    async def _wait(self, running: Collection[asyncio.Task[None]]) -> None:
        """Wait until the bell rings, a job ends, or it is time to look."""
        bell = asyncio.create_task(self.database.bell.wait())
        await asyncio.wait({bell, *running}, timeout=self.poll_seconds, return_when=FIRST_COMPLETED)
        if bell.done():
            self.database.bell.clear()
        else:
            bell.cancel()

    async def _claim(self, most: int) -> list[_Claim]:
        moment = now()
        async with self.database.read() as connection:
            # Looking first keeps an idle loop from taking SQLite's only write lock every second.
            if not (await connection.execute(select(Job.id).where(_due(moment)).limit(1))).first():
                return []
        async with self.database.transaction() as tx:
            query = select(Job.id).where(_due(moment)).order_by(Job.run_at).limit(most)
            found = await tx.connection.execute(query.with_for_update(skip_locked=True))
            ids = list(found.scalars())
            if not ids:
                return []
            take = update(Job).where(Job.id.in_(ids), _due(moment))
            lease = {"claimed_by": self.name, "claimed_until": moment + LEASE}
            await affected(tx.connection, take.values(**lease, tries=Job.tries + 1))
            won = select(Job.id, Job.handler, Job.payload, Job.tries).where(
                Job.id.in_(ids), Job.claimed_by == self.name, Job.claimed_until == moment + LEASE
            )
            return [_Claim(*row) for row in await tx.connection.execute(won)]

    async def _run(self, claim: _Claim) -> None:
        if claim.tries > MAXIMUM_TRIES:
            # It never ended, so it may be what kills its workers.
            await self._fail(claim, RuntimeError("the job took its worker down every time"))
            return
        try:
            route = self.routes[claim.handler]
            message = msgspec.convert(claim.payload, route.message)
            if isinstance(route.handler, InTransaction):
                async with self.database.transaction() as tx:
                    await route.handler.run(tx, message)
                    await self._finish(tx, claim)
            else:
                await route.handler(message)
                async with self.database.transaction() as tx:
                    await self._finish(tx, claim)
        except LeaseLost:
            log.warning("job_lease_lost", job=claim.id, handler=claim.handler)
        except Exception as error:
            await self._fail(claim, error)

    async def _finish(self, tx: Tx, claim: _Claim) -> None:
        done = update(Job).where(Job.id == claim.id, Job.claimed_by == self.name)
        end = {"state": JobState.DONE, "finished_at": now(), "claimed_until": None}
        if not await affected(tx.connection, done.values(**end)):
            raise LeaseLost

    async def _fail(self, claim: _Claim, error: Exception) -> None:
        fault = fault_of(error)
        is_outage = fault is Fault.GONE
        is_rivalry = fault is Fault.RETRY and claim.tries <= RETRIES_AT_ONCE
        dead = claim.tries >= MAXIMUM_TRIES and not is_outage
        if is_rivalry:
            log.info("job_runs_again", job=claim.id, handler=claim.handler, tries=claim.tries)
        else:
            log.error("job_failed", job=claim.id, handler=claim.handler, dead=dead, exc_info=error)
        again = update(Job).where(Job.id == claim.id, Job.claimed_by == self.name)
        state = {
            "state": JobState.DEAD if dead else JobState.READY,
            "run_at": now() + (timedelta(0) if is_rivalry else backoff(claim.tries)),
            # The database being away is no fault of the job's.
            "tries": claim.tries - is_outage,
            "error": _storable(f"{type(error).__name__}: {error}"),
            "claimed_by": None,
            "claimed_until": None,
        }
        async with self.database.transaction() as tx:
            if await affected(tx.connection, again.values(**state)) and dead:
                self._tell_of_burial(tx, claim)

    def _tell_of_burial(self, tx: Tx, claim: _Claim) -> None:
        route = self.routes.get(claim.handler)
        if route is None or route.given_up is None:
            return
        try:
            message = msgspec.convert(claim.payload, route.message)
        except msgspec.ValidationError:
            return
        tx.jobs.extend(tx.outbox.rows(route.given_up(message)))

    async def _plan_periodic(self) -> None:
        """Write the next run of every periodic message; its key lets only one process win."""
        slots = {}
        for item in self.periodic:
            slot = int(now().timestamp() // item.every.total_seconds())
            slots[f"{type(item.message).__name__}:{slot}"] = item.message
        for key, message in slots.items():
            if key not in self._planned:
                await self._plan(key, message)
        self._planned = set(slots)

    async def _plan(self, key: str, message: Message) -> None:
        async with self.database.read() as connection:
            if (await connection.execute(_BY_KEY, {"key": key})).first():
                return
        try:
            async with self.database.transaction() as tx:
                tx.jobs.extend(tx.outbox.rows(message, key=key))
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise


def _storable(words: str) -> str:
    """Return a text that every engine can store: no NUL, no half characters, not too long."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()[:2000]


_BY_KEY = select(Job.id).where(Job.key == bindparam("key"))


class LeaseLost(Exception):
    """Another worker took the job over; this one's writes are rolled back."""


async def purge_done(tx: Tx) -> int:
    """Delete jobs that ended well more than two days ago; dead letters stay."""
    old = delete(Job).where(Job.state == JobState.DONE, Job.finished_at < now() - KEEP_DONE)
    return await affected(tx.connection, old)


async def revive_dead(tx: Tx, job_id: int) -> bool:
    """Give a dead letter another round of tries.

    What its burial was answered with (`Route.given_up`) stays done.
    """
    revive = update(Job).where(Job.id == job_id, Job.state == JobState.DEAD)
    return (
        await affected(tx.connection, revive.values(state=JobState.READY, tries=0, run_at=now()))
        == 1
    )


async def count_by_state(database: Database) -> dict[str, int]:
    """Return how many jobs wait, are done and are dead."""
    async with database.read() as connection:
        counted = await connection.execute(select(Job.state, func.count()).group_by(Job.state))
        return {state.value: count for state, count in counted}
