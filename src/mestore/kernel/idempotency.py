"""Idempotency keys: the same key and body within 24 hours answers the first answer again.

The key is claimed by an INSERT in the transaction of its effect, so the unique key decides between
parallel repeats: the second waits for the first to commit, then reads its answer.
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, LargeBinary, String, bindparam, delete, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.clock import now
from mestore.kernel.columns import Base, Code, UtcDateTime
from mestore.kernel.db import Database, Tx, affected
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import Invalid, Refusal, Unavailable
from mestore.kernel.problems import PROBLEM_TYPE, render

KEEP = timedelta(hours=24)
SCOPE_LENGTH = 160
TRIES = 5
_NEVER_STORED = frozenset({401, 403, 422, 429})


class IdempotencyKey(Base):
    """A key that a caller used on one route, and the answer it got."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(Code(SCOPE_LENGTH), primary_key=True)
    key: Mapped[str] = mapped_column(Code(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(Integer)
    media_type: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[bytes | None] = mapped_column(LargeBinary(2**20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class IdempotencyKeyReused(Invalid):
    """The key was used for another body."""

    en = "This Idempotency-Key was used with another body. Send a new key for a new request."
    es = "Esta Idempotency-Key se usó con otro cuerpo. Envía una nueva para una solicitud nueva."


class IdempotencyInProgress(Unavailable):
    """The first request with this key has not ended yet."""

    status = 409
    en = "The first request with this Idempotency-Key is still running. Retry shortly."
    es = "La primera solicitud con esta Idempotency-Key aún está en curso. Reintenta en un momento."


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished HTTP answer, as it is stored and sent."""

    status: int
    body: bytes
    media_type: str = "application/json"
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Once:
    """One request that must happen once: who sent it to which route, its key, its body's digest."""

    scope: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, *, principal: str, route: str, key: str, body: bytes) -> "Once":
        """Return the claim of `principal` on `key` at `route` for exactly this `body`."""
        scope = f"{principal} {route}"
        if len(scope) > SCOPE_LENGTH:
            scope = hashlib.sha256(scope.encode()).hexdigest()
        return cls(scope, key, hashlib.sha256(body).hexdigest())


_CLAIM = insert(IdempotencyKey)
_FINISH = (
    update(IdempotencyKey)
    .where(IdempotencyKey.scope == bindparam("of_scope"), IdempotencyKey.key == bindparam("of_key"))
    .values(
        status=bindparam("new_status"),
        media_type=bindparam("new_media_type"),
        body=bindparam("new_body"),
    )
)
_RECALL = select(
    IdempotencyKey.fingerprint,
    IdempotencyKey.status,
    IdempotencyKey.media_type,
    IdempotencyKey.body,
    IdempotencyKey.created_at,
).where(IdempotencyKey.scope == bindparam("scope"), IdempotencyKey.key == bindparam("key"))


class KeyTaken(Exception):
    """Another request holds the key; read its answer."""


async def claim(tx: Tx, once: Once) -> None:
    """Take the key for this transaction; waits for a parallel holder, then raises `KeyTaken`."""
    row = {
        "scope": once.scope,
        "key": once.key,
        "fingerprint": once.fingerprint,
        "created_at": now(),
    }
    try:
        await tx.connection.execute(_CLAIM, row)
    except DBAPIError as error:
        # Where the holder is refused, MariaDB lets all who wait go on at once and ends all but one.
        if fault_of(error) not in {Fault.UNIQUE, Fault.RETRY}:
            raise
        raise KeyTaken from error


async def finish(tx: Tx, once: Once, answer: Answer) -> None:
    """Store the answer that a repeat will get."""
    await tx.connection.execute(
        _FINISH,
        {
            "of_scope": once.scope,
            "of_key": once.key,
            "new_status": answer.status,
            "new_media_type": answer.media_type,
            "new_body": answer.body,
        },
    )


async def forget(tx: Tx, once: Once) -> None:
    """Give the key back: what it claimed surely did not happen, so a repeat may try again."""
    own = delete(IdempotencyKey).where(
        IdempotencyKey.scope == once.scope, IdempotencyKey.key == once.key
    )
    await affected(tx.connection, own)


async def recall(database: Database, once: Once) -> Answer | None:
    """Return the stored answer; None where there is none, or only one past its 24 hours."""
    async with database.read() as connection:
        found = (
            await connection.execute(_RECALL, {"scope": once.scope, "key": once.key})
        ).one_or_none()
    if found is None or found.created_at < now() - KEEP:
        return None
    if found.fingerprint != once.fingerprint:
        raise IdempotencyKeyReused
    if found.status is None or found.body is None:
        raise IdempotencyInProgress
    return Answer(found.status, found.body, found.media_type or "application/json", replayed=True)


async def run_once(
    database: Database, once: Once | None, effect: Callable[[Tx], Awaitable[Answer]]
) -> Answer:
    """Run `effect` in one transaction, once per key; without a key, just run it."""
    if once is None:
        async with database.transaction() as tx:
            return await effect(tx)
    for tries in range(TRIES):
        try:
            async with database.transaction() as tx:
                await claim(tx, once)
                answer = await effect(tx)
                await finish(tx, once, answer)
                return answer
        except KeyTaken:
            if stored := await recall(database, once):
                return stored
            await _forget_expired(database, once)
        except Refusal as refusal:
            if await remember_refusal(database, once, refusal):
                raise
        # The holder gave up, and all who waited for it try at once: spread them.
        await asyncio.sleep(random.uniform(0, 0.02 * 2**tries))  # noqa: S311  no secret
    raise IdempotencyInProgress


async def remember_refusal(database: Database, once: Once, refusal: Refusal) -> bool:
    """Store a business refusal, so that a repeat reads the same; bad input may be corrected.

    False says that a parallel repeat took the key meanwhile: its answer is the one that counts.
    """
    if refusal.status in _NEVER_STORED or refusal.status >= 500:
        return True
    try:
        async with database.transaction() as tx:
            await claim(tx, once)
            await finish(tx, once, Answer(refusal.status, render(refusal), PROBLEM_TYPE))
    except KeyTaken:
        return False
    return True


async def _forget_expired(database: Database, once: Once) -> None:
    """Make room for a new claim; a rival who does so at the same moment is left to it."""
    old = (
        IdempotencyKey.scope == once.scope,
        IdempotencyKey.key == once.key,
        IdempotencyKey.created_at < now() - KEEP,
    )
    async with database.read() as connection:
        # Looking first: a DELETE that finds nothing still takes locks on MariaDB.
        if not (await connection.execute(select(IdempotencyKey.key).where(*old))).first():
            return
    try:
        async with database.transaction() as tx:
            await affected(tx.connection, delete(IdempotencyKey).where(*old))
    except DBAPIError as error:
        if fault_of(error) is not Fault.RETRY:
            raise


async def purge_expired(tx: Tx) -> int:
    """Delete all keys past their 24 hours."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEEP)
    return await affected(tx.connection, old)
