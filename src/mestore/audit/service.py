"""The audit log: adds entries to its chain, and proves that nobody has touched them since."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.events import Acted
from mestore.audit.repository import ChainRepository
from mestore.audit.types import GENESIS, Entry, Head
from mestore.audit.views import entries_after, find_head
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace

BATCH = 500
MOST_FINDINGS = 20


class AuditService:
    """Adds entries, one after the other: the head's row is held while one is written."""

    def __init__(self, tx: Tx) -> None:
        self.chain = ChainRepository(tx.connection)

    async def add(self, act: Acted) -> None:
        """Write an act down as the next link of the chain."""
        head = await self.chain.advance()
        if head is None:
            await self.chain.add_head()
            head = await self.chain.advance()
        if head is None:
            raise LostRace()
        entry = _entry(act, head)
        digest = entry.hash()
        values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
        await self.chain.add({**values, "hash": digest})
        if not await self.chain.close(head.sequence, head.hash, digest):
            raise LostRace()


async def verify(connection: AsyncConnection) -> list[str]:
    """Walk the whole chain and return what was changed, deleted or put in; at most twenty of it.

    Entries are read in batches, also while others are added. Whoever rewrites an entry, all
    entries after it and the head is not found out here: keep the newest hash somewhere else too.
    """
    before = await find_head(connection)
    found: list[str] = []
    last = Head(0, GENESIS)
    async for entry, stored in _chain(connection):
        found += _check(entry, stored, last)
        last = Head(entry.sequence, stored)
        if before and before.sequence == last.sequence and before.hash != last.hash:
            found.append(f"audit entry {last.sequence} is not the one that the head tells of")
        if len(found) >= MOST_FINDINGS:
            return found[:MOST_FINDINGS]
    return found + _check_end(last, before, await find_head(connection))


async def _chain(connection: AsyncConnection) -> AsyncIterator[tuple[Entry, str]]:
    sequence = 0
    while batch := await entries_after(connection, sequence, BATCH):
        for link in batch:
            yield link
        sequence = batch[-1][0].sequence


def _check(entry: Entry, stored: str, last: Head) -> list[str]:
    found = []
    expected = last.sequence + 1
    if entry.sequence > expected:
        found.append(f"audit entries {expected} to {entry.sequence - 1} are missing")
    elif entry.previous_hash != last.hash:
        found.append(f"audit entry {entry.sequence} does not follow entry {last.sequence}")
    if entry.hash() != stored:
        found.append(f"audit entry {entry.sequence} was changed")
    return found


def _check_end(last: Head, before: Head | None, after: Head | None) -> list[str]:
    """Compare the last entry with the head of before the walk, which it must have reached."""
    if before and last.sequence < before.sequence:
        return [f"audit entries {last.sequence + 1} to {before.sequence} are missing"]
    counted = after.sequence if after else 0
    if last.sequence > counted:
        return [f"the audit log has {last.sequence} entries, its head counts {counted}"]
    return []


def _entry(act: Acted, head: Head) -> Entry:
    return Entry(
        sequence=head.sequence,
        at=datetime.fromisoformat(act.at),
        actor_id=act.actor_id,
        actor_type=act.actor_type,
        action=act.action,
        subject_type=act.subject_type,
        subject_id=act.subject_id,
        before=act.before,
        after=act.after,
        ip_address=act.ip_address,
        request_id=act.request_id,
        previous_hash=head.hash,
    )
