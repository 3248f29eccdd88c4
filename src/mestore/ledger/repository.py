"""Every SQL statement of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import inserted_id, unless_taken
from mestore.ledger.models import Account, Entry, Line
from mestore.ledger.types import EntryKind, Posting

_BY_CODES = select(Account.code, Account.id).where(
    Account.code.in_(bindparam("codes", expanding=True))
)
_BY_KEY = select(Entry.id).where(Entry.business_key == bindparam("business_key"))
_LOCK = (
    select(Account.id)
    .where(Account.code.in_(bindparam("codes", expanding=True)))
    .order_by(Account.id)
    .with_for_update()
)
_ORDER_BALANCE = (
    select(func.coalesce(func.sum(Line.amount_minor), 0))
    .join(Entry, Entry.id == Line.entry_id)
    .join(Account, Account.id == Line.account_id)
    .where(Entry.order_id == bindparam("order_id"), Account.code == bindparam("code"))
)
_INSERT_ACCOUNT = insert(Account)
_INSERT_ENTRY = insert(Entry)
_INSERT_LINES = insert(Line)


@dataclass(frozen=True, slots=True)
class LedgerRepository:
    """Entries and lines, only ever added."""

    connection: AsyncConnection

    async def account_ids(self, codes: Iterable[str]) -> Mapping[str, int]:
        """Return the ids of accounts by code, opening those that do not exist yet."""
        wanted = sorted(set(codes))
        found = await self._ids(wanted)
        for code in wanted:
            if code not in found:
                await self._open(code)
        return found if len(found) == len(wanted) else await self._ids(wanted)

    async def _ids(self, codes: Sequence[str]) -> Mapping[str, int]:
        rows = await self.connection.execute(_BY_CODES, {"codes": codes})
        return {code: account_id for code, account_id in rows}

    async def _open(self, code: str) -> None:
        # An account that another transaction opened first is as good.
        async with unless_taken(self.connection):
            await self.connection.execute(_INSERT_ACCOUNT, {"code": code, "created_at": now()})

    async def lock(self, codes: Iterable[str]) -> None:
        """Take accounts for this transaction, in ascending id order, opening missing ones."""
        wanted = sorted(set(codes))
        await self.account_ids(wanted)
        await self.connection.execute(_LOCK, {"codes": wanted})

    async def order_balance(self, order_id: int, code: str) -> int:
        """Return the sum of an account's lines that belong to one order."""
        found = await self.connection.execute(_ORDER_BALANCE, {"order_id": order_id, "code": code})
        return int(found.scalar_one())

    async def exists_entry(self, business_key: str) -> bool:
        """Say whether the fact was posted already."""
        found = await self.connection.execute(_BY_KEY, {"business_key": business_key})
        return found.first() is not None

    async def add(
        self,
        kind: EntryKind,
        business_key: str,
        order_id: int | None,
        currency: str,
        postings: Sequence[Posting],
    ) -> None:
        """Write one entry with its lines."""
        accounts = await self.account_ids(posting.account for posting in postings)
        entry = {
            "business_key": business_key,
            "kind": kind,
            "order_id": order_id,
            "currency": currency,
            "created_at": now(),
        }
        entry_id = await inserted_id(self.connection, _INSERT_ENTRY, entry)
        lines = [
            {
                "entry_id": entry_id,
                "account_id": accounts[posting.account],
                "amount_minor": posting.amount_minor,
            }
            for posting in postings
        ]
        await self.connection.execute(_INSERT_LINES, lines)

    async def balance(self, code: str) -> int:
        """Return the sum of an account's lines: debits less credits."""
        total = func.coalesce(func.sum(Line.amount_minor), 0)
        query = (
            select(total).join(Account, Account.id == Line.account_id).where(Account.code == code)
        )
        return int((await self.connection.execute(query)).scalar_one())
