"""The one place that reads the clock. Times are aware and in UTC; legal dates are Bogotá's."""

from datetime import UTC, date, datetime, timedelta, timezone

# Colombia has had no daylight saving since 1993, so a fixed offset is exact and needs no tzdata.
BOGOTA = timezone(timedelta(hours=-5), "America/Bogota")


class Clock:
    """Wall-clock time plus an offset that only tests move."""

    offset = timedelta(0)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC) + Clock.offset


def today_in_bogota() -> date:
    """Return the present calendar date in Bogotá."""
    return now().astimezone(BOGOTA).date()
