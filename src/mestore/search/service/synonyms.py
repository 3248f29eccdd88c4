"""Synonyms as the operator keeps them; the next search of this process knows of a change."""

from collections.abc import Sequence
from typing import Any

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.search.errors import SynonymsNotFound
from mestore.search.repository.synonyms import SynonymRepository
from mestore.search.thesaurus import origin_of, shipped_groups


class SynonymService:
    """Adds, changes and removes groups. A key is an id, or the name of a shipped group."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.synonyms = SynonymRepository(tx.connection)

    async def add(self, words: Sequence[str]) -> str:
        """Add a group of words that mean the same, and return its key."""
        text = ", ".join(words)
        key = str(await self.synonyms.add(text, None, True, now()))
        self._tell(Act.SYNONYMS_CHANGED, key, None, {"words": text, "is_active": True})
        return key

    async def change(self, key: str, words: Sequence[str], *, is_active: bool) -> None:
        """Make a group what is said; `SynonymsNotFound`."""
        before = await self._get(key)
        after = {"words": ", ".join(words), "is_active": is_active}
        await self._write(key, before, after)
        self._tell(Act.SYNONYMS_CHANGED, key, _said(before), after)

    async def remove(self, key: str) -> None:
        """Delete a group; a shipped one is kept switched off. `SynonymsNotFound`."""
        before = await self._get(key)
        if before["id"] is None or not await self.synonyms.remove(before["id"]):
            await self._write(key, before, {"words": before["words"], "is_active": False})
        self._tell(Act.SYNONYMS_CHANGED, key, _said(before), None)

    async def _get(self, key: str) -> dict[str, Any]:
        if row := await self.synonyms.find(key):
            return dict(row)
        for group in shipped_groups():
            if origin_of(group) == key:
                return {"id": None, "words": group, "origin": key, "is_active": True}
        raise SynonymsNotFound(key=key)

    async def _write(self, key: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        words, is_active = after["words"], after["is_active"]
        if before["id"] is None:
            await self.synonyms.add(words, key, is_active, now())
        else:
            await self.synonyms.change(before["id"], words, is_active, now())

    def _tell(
        self, act: Act, key: str, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
        self.tx.touch("synonyms")
        record(self.tx, act, Subject.SYNONYMS, key, before=before, after=after)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {"words": row["words"], "is_active": bool(row["is_active"])}
