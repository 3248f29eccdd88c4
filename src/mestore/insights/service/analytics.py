"""Over which days figures are asked for."""

from datetime import date, timedelta

from mestore.accounts.errors import PeriodTooLong
from mestore.insights.types.days import LONGEST_PERIOD, USUAL_DAYS, Period
from mestore.kernel.clock import today_in_bogota


def period_of(first: date | None, last: date | None) -> Period:
    """Return the days from `first` to `last`, by default the thirty that end today.

    Raises `PeriodTooLong`.
    """
    end = last or today_in_bogota()
    begin = first or end - timedelta(days=USUAL_DAYS - 1)
    if not timedelta(0) <= end - begin < LONGEST_PERIOD:
        raise PeriodTooLong(days=LONGEST_PERIOD.days)
    return Period(begin, end)
