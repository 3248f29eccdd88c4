"""Reading what was looked for."""

from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from mestore.kernel.clock import today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.lane import Plan
from mestore.search.models import SearchedText
from mestore.search.views.words import LAST

OFTEN = 3
"""So often a text was looked for before others are shown it."""
LATELY = timedelta(days=30)
_T = SearchedText
_BEGUN = (
    select(_T.text)
    .where(
        _T.text >= bindparam("begin"),
        _T.text <= bindparam("end"),
        _T.day >= bindparam("since"),
    )
    .group_by(_T.text)
    .having(func.sum(_T.times) >= OFTEN, func.min(_T.results) > 0)
    .order_by(func.sum(_T.times).desc(), _T.text)
    .limit(bindparam("most"))
)
_UNANSWERED: tuple[Any, ...] = (_T.text, func.sum(_T.times), func.max(_T.day))
_NOTHING = (
    select(*_UNANSWERED)
    .where(_T.results == 0, _T.day >= bindparam("since"))
    .group_by(_T.text)
    .order_by(func.sum(_T.times).desc(), _T.text)
    .limit(bindparam("most"))
    .offset(bindparam("skipped"))
)
_COUNT = select(func.count(_T.text.distinct())).where(_T.results == 0, _T.day >= bindparam("since"))


class UnansweredView(msgspec.Struct, frozen=True):
    """A text that found nothing: how often it was looked for, and when last."""

    text: str
    times: int
    last_on: str


async def asked_beginning(database: Database, begin: str, most: int) -> list[str]:
    """Return texts that several people looked for lately, and found something."""
    since = today_in_bogota() - LATELY
    values = {"begin": begin, "end": begin + LAST, "since": since, "most": most}
    return [row[0] for row in await database.rows(_BEGUN, values, plan=Plan.ONCE)]


async def unanswered(
    database: Database, days: int, window: tuple[int, int]
) -> tuple[list[UnansweredView], int]:
    """Return the texts of the last days that found nothing, most wanted first, and how many."""
    since = today_in_bogota() - timedelta(days=days)
    rows = await database.rows(_NOTHING, {"since": since, "skipped": window[0], "most": window[1]})
    counted = await database.rows(_COUNT, {"since": since})
    found = [UnansweredView(row[0], int(row[1]), row[2].isoformat()) for row in rows]
    return found, int(counted[0][0])
