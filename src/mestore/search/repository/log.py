"""Writing what was looked for."""

from datetime import date

from sqlalchemy import Date, bindparam, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected, unless_taken
from mestore.search.models import SearchedText

_COUNT = (
    update(SearchedText)
    .where(
        SearchedText.day == bindparam("of_day", type_=Date),
        SearchedText.text == bindparam("of_text"),
    )
    .values(
        times=SearchedText.times + bindparam("more"),
        results=bindparam("found"),
        relaxed=bindparam("loosened"),
    )
)
_ADD = insert(SearchedText).inline()
_PURGE = delete(SearchedText).where(SearchedText.day < bindparam("before", type_=Date))


class LogRepository:
    """How often each text was looked for on each day."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def count(
        self, day: date, text: str, more: int, results: int, relaxed: str | None
    ) -> None:
        """Count a text `more` times; the first of a day makes its row."""
        values = {
            "of_day": day,
            "of_text": text,
            "more": more,
            "found": results,
            "loosened": relaxed,
        }
        if await affected(self.connection, _COUNT, **values):
            return
        row = {"day": day, "text": text, "times": more, "results": results, "relaxed": relaxed}
        async with unless_taken(self.connection):
            await self.connection.execute(_ADD, row)
            return
        # Another process made it meanwhile.
        await affected(self.connection, _COUNT, **values)

    async def purge(self, before: date) -> int:
        """Forget what was looked for before a day."""
        return await affected(self.connection, _PURGE, before=before)
