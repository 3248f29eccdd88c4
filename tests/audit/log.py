"""What the audit log says, for tests, and hands that tamper with it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

from sqlalchemy import Row, insert, select, text

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.audit.models import AuditEntry
from mestore.audit.service import verify
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job, JobState

RunJobs = Callable[[], Awaitable[int]]
Change = tuple[dict[str, Any] | None, dict[str, Any] | None]


async def entries(database: Database) -> list[Row[Any]]:
    """Return every entry in the order of the chain."""
    async with database.read() as connection:
        query = select(*AuditEntry.__table__.columns).order_by(AuditEntry.sequence)
        return list((await connection.execute(query)).all())


async def of_action(database: Database, act: Act) -> Row[Any]:
    """Return the only entry of an action."""
    (only,) = [entry for entry in await entries(database) if entry.action == act]
    return only


async def in_time(database: Database) -> list[Row[Any]]:
    """Return every entry in the order of the acts; jobs that run at once may swap links."""
    return sorted(await entries(database), key=lambda entry: entry.at)


async def actions(database: Database) -> list[str]:
    """Return what was done, in the order of the acts."""
    return [entry.action for entry in await in_time(database)]


async def act(database: Database, times: int = 1) -> None:
    """Let products be edited by nobody, one transaction each; their subjects count from 1."""
    # A context of its own knows no request of the test.
    await asyncio.create_task(_act(database, times), context=Context())


async def _act(database: Database, times: int) -> None:
    for number in range(1, times + 1):
        async with database.transaction() as tx:
            before, after = {"price": number}, {"price": number + 1}
            record(tx, Act.PRODUCT_EDITED, Subject.PRODUCT, number, before=before, after=after)


async def findings(database: Database) -> list[str]:
    """Return what is wrong with the chain."""
    async with database.read() as connection:
        return await verify(connection)


async def tamper(database: Database, *statements: str) -> None:
    """Do to the tables what the program never does."""
    async with database.transaction() as tx:
        for statement in statements:
            await tx.connection.execute(text(statement))


async def put_back(database: Database, row: Row[Any], **changes: object) -> None:
    """Write an entry as it was, but for some changes."""
    async with database.transaction() as tx:
        await tx.connection.execute(insert(AuditEntry), {**row._mapping, **changes})


async def jobs(database: Database) -> list[JobState]:
    """Return where the jobs of the audit log stand."""
    async with database.read() as connection:
        query = select(Job.state).where(Job.handler == "audit.on_acted")
        return list((await connection.execute(query)).scalars())
