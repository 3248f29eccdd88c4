"""Business days in Colombia: Monday to Friday, without public holidays.

The rule is written out because the package that has it takes 45 MB and most of a second to import;
the tests compare every day of three decades with that package.
"""

from datetime import date, timedelta
from functools import cache

# Ley 51 de 1983, art. 1, as (month, day).
_FIXED = ((1, 1), (5, 1), (7, 20), (8, 7), (12, 8), (12, 25))
# Art. 2 (Ley Emiliani): kept on the next Monday where they are on another day.
_MOVED = ((1, 6), (3, 19), (6, 29), (8, 15), (10, 12), (11, 1), (11, 11))
# Days after Easter Sunday: Holy Thursday and Good Friday on their day.
_OF_EASTER = (-3, -2)
# The Mondays on which Ascension, Corpus Christi and the Sacred Heart are kept.
_AFTER_EASTER = (43, 64, 71)
# Ley 2578 de 2026: the Virgin of Chiquinquirá, 9 July, from that year, on the next Monday.
_CHIQUINQUIRA_FROM = 2026


def is_business_day(day: date) -> bool:
    """Say whether a day is a business day in Colombia."""
    return day.weekday() < 5 and day not in holidays(day.year)


def after_business_days(day: date, count: int) -> date:
    """Return the `count`-th business day after `day`, which itself never counts."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


@cache
def holidays(year: int) -> frozenset[date]:
    """Return the public holidays of a year (from 1984 on)."""
    easter = _easter(year)
    moved = [*_MOVED, *([(7, 9)] if year >= _CHIQUINQUIRA_FROM else [])]
    return frozenset(
        [
            *(date(year, month, day) for month, day in _FIXED),
            *(_next_monday(date(year, month, day)) for month, day in moved),
            *(easter + timedelta(days=days) for days in (*_OF_EASTER, *_AFTER_EASTER)),
        ]
    )


def _next_monday(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def _easter(year: int) -> date:
    """Return Easter Sunday (the Gregorian computus of Meeus, Jones and Butcher)."""
    century, of_century = divmod(year, 100)
    leap_centuries, left = divmod(century, 4)
    lunar = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - leap_centuries - lunar + 15) % 30
    leap, rest = divmod(of_century, 4)
    weekday = (32 + 2 * left + 2 * leap - epact - rest) % 7
    late = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
