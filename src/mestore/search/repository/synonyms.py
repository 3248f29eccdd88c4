"""Writing synonyms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected, inserted_id, rows_of
from mestore.kernel.ids import MAXIMUM_ROW_ID
from mestore.search.models import SearchSynonym

_COLUMNS = (SearchSynonym.id, SearchSynonym.words, SearchSynonym.origin, SearchSynonym.is_active)
_OF_ID = select(*_COLUMNS).where(SearchSynonym.id == bindparam("of_id"))
_OF_ORIGIN = select(*_COLUMNS).where(SearchSynonym.origin == bindparam("of_origin"))
_ADD = insert(SearchSynonym)
_CHANGE = (
    update(SearchSynonym)
    .where(SearchSynonym.id == bindparam("of_id"))
    .values(
        words=bindparam("new_words"),
        is_active=bindparam("active"),
        updated_at=bindparam("at", type_=SearchSynonym.updated_at.type),
    )
)
_REMOVE = delete(SearchSynonym).where(
    SearchSynonym.id == bindparam("of_id"), SearchSynonym.origin.is_(None)
)


class SynonymRepository:
    """The operator's groups, and what became of the shipped ones."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def find(self, key: str) -> Mapping[str, Any] | None:
        """Return the row of a group, by id or by the name of the shipped one that it replaces."""
        if key.isdecimal() and int(key) <= MAXIMUM_ROW_ID:
            rows = await rows_of(self.connection, _OF_ID, of_id=int(key))
        else:
            rows = await rows_of(self.connection, _OF_ORIGIN, of_origin=key)
        names = ("id", "words", "origin", "is_active")
        return dict(zip(names, rows[0], strict=True)) if rows else None

    async def add(self, words: str, origin: str | None, is_active: bool, at: datetime) -> int:
        """Add a group and return its id."""
        row = {"words": words, "origin": origin, "is_active": is_active}
        return await inserted_id(self.connection, _ADD, row | {"created_at": at, "updated_at": at})

    async def change(self, group_id: int, words: str, is_active: bool, at: datetime) -> None:
        """Change a group."""
        values = {"of_id": group_id, "new_words": words, "active": is_active, "at": at}
        await affected(self.connection, _CHANGE, **values)

    async def remove(self, group_id: int) -> bool:
        """Delete a group that is the operator's own."""
        return await affected(self.connection, _REMOVE, of_id=group_id) == 1
