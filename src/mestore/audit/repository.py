"""Adding to the chain. There is no statement here, or anywhere, that changes an entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.audit.models import AuditEntry, AuditHead
from mestore.audit.types import GENESIS, Head
from mestore.kernel.db import affected, unless_taken

_ONLY = 1
_ADVANCE = update(AuditHead).where(AuditHead.id == _ONLY).values(sequence=AuditHead.sequence + 1)
_HEAD = select(AuditHead.sequence, AuditHead.hash).where(AuditHead.id == _ONLY)
_CLOSE = (
    update(AuditHead)
    .where(
        AuditHead.id == _ONLY,
        AuditHead.sequence == bindparam("of_sequence"),
        AuditHead.hash == bindparam("old_hash"),
    )
    .values(hash=bindparam("new_hash"))
)
_ADD = insert(AuditEntry)


@dataclass(frozen=True, slots=True)
class ChainRepository:
    """The chain of entries and its head."""

    connection: AsyncConnection

    async def advance(self) -> Head | None:
        """Count one further and hold the head until the transaction ends.

        Returns the new sequence with the hash of the entry before it; None where there is no head.
        """
        if not await affected(self.connection, _ADVANCE):
            return None
        return Head(*(await self.connection.execute(_HEAD)).one())

    async def add_head(self) -> None:
        """Write the head of an empty chain, unless a rival did."""
        async with unless_taken(self.connection):
            row = {"id": _ONLY, "sequence": 0, "hash": GENESIS}
            await self.connection.execute(insert(AuditHead), row)

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write an entry; its sequence is a unique key."""
        await self.connection.execute(_ADD, dict(values))

    async def close(self, sequence: int, old_hash: str, new_hash: str) -> bool:
        """Let the head have the hash of the entry just added; False where it moved."""
        values = {"of_sequence": sequence, "old_hash": old_hash, "new_hash": new_hash}
        return await affected(self.connection, _CLOSE, **values) == 1
