"""Times that lists are asked for: an instant with its zone, or a whole day in Bogotá."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from mestore.kernel.clock import BOGOTA
from mestore.kernel.problems import language

# Years that every database can hold, in any zone.
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)


def _only_a_day(value: object) -> object:
    """Refuse a time without a zone, which would pass for a day."""
    if isinstance(value, str) and len(value) != len("2026-01-31"):
        en = "Write a day as 2026-01-31, or a time with its zone."
        es = "Escribe un día como 2026-01-31, o una hora con su zona."
        raise ValueError(es if language.get() == "es" else en)
    return value


Day = Annotated[date, BeforeValidator(_only_a_day), Field(ge=_FIRST_DAY, le=_LAST_DAY)]
"""A calendar day, in Bogotá."""

Moment = Annotated[
    Annotated[AwareDatetime, Field(ge=_FIRST, le=_LAST)] | Day,
    Field(union_mode="left_to_right"),
]
"""A time with its zone, or a whole day in Bogotá."""


def beginning(moment: datetime | date) -> datetime:
    """Return an instant as it is, and of a day its first one."""
    return _instant(moment, time.min)


def end(moment: datetime | date) -> datetime:
    """Return an instant as it is, and of a day its last one."""
    return _instant(moment, time.max)


def _instant(moment: datetime | date, of_day: time) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, of_day, BOGOTA)
    return moment.astimezone(UTC)
