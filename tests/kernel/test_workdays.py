"""Business days: the rule against the package, and the dates of the law around holidays."""

from datetime import date, timedelta

import pytest
from holidays.countries.colombia import Colombia

from mestore.kernel.workdays import after_business_days, holidays, is_business_day

YEARS = range(2020, 2051)


def known(years: range) -> frozenset[date]:
    """Return the holidays that the package has."""
    return frozenset(Colombia(years=years))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("year", YEARS)
def test_the_holidays_are_those_of_the_package(year: int) -> None:
    assert holidays(year) == known(range(year, year + 1))


def test_a_business_day_is_no_weekend_and_no_holiday() -> None:
    free = known(YEARS)
    day = date(2024, 1, 1)
    while day < date(2029, 1, 1):
        assert is_business_day(day) is (day.weekday() < 5 and day not in free)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "five", "ten", "fifteen"),
    [
        ("2026-07-09", "2026-07-17", "2026-07-27", "2026-08-03"),
        ("2026-11-13", "2026-11-23", "2026-11-30", "2026-12-07"),
        ("2026-12-04", "2026-12-14", "2026-12-21", "2026-12-29"),
        ("2026-12-23", "2026-12-31", "2027-01-08", "2027-01-18"),
        ("2027-03-23", "2027-04-01", "2027-04-08", "2027-04-15"),
    ],
)
def test_days_are_counted_from_the_next_one(day: str, five: str, ten: str, fifteen: str) -> None:
    start = date.fromisoformat(day)
    counted = [after_business_days(start, count).isoformat() for count in (0, 5, 10, 15)]
    assert counted == [day, five, ten, fifteen]
