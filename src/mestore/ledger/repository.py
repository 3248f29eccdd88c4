"""Every SQL statement of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import inserted_id
from mestore.kernel.db_errors import Fault, fault_of
from mestore.ledger.models import Account, Entry, Line
from mestore.ledger.types import EntryKind, Posting

_BY_CODES = select(Account.code, Account.id).where(
    Account.code.in_(bindparam("codes", expanding=True))
)
_BY_KEY = select(Entry.id).where(Entry.business_key == bindparam("business_key"))
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
        try:
            async with self.connection.begin_nested():
                await self.connection.execute(_INSERT_ACCOUNT, {"code": code, "created_at": now()})
        except DBAPIError as error:
            # Another transaction opened it first, which is as good.
            if fault_of(error) is not Fault.UNIQUE:
                raise

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
