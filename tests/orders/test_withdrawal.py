"""Until when a buyer may withdraw: five business days of Bogotá after delivery."""

from datetime import UTC, datetime

import pytest

from mestore.kernel.clock import BOGOTA
from mestore.orders.service.withdrawal import last_day_to_withdraw, withdrawal_ends

DATES = [
    # An ordinary week: Monday to the next Monday.
    ("2026-02-02T10:00", "2026-02-09"),
    ("2026-02-06T10:00", "2026-02-13"),
    # Delivered at a weekend: Monday is the first day.
    ("2026-02-07T10:00", "2026-02-13"),
    ("2026-02-08T23:59", "2026-02-13"),
    # Semana Santa 2026: Thursday 2 and Friday 3 April.
    ("2026-03-27T10:00", "2026-04-07"),
    ("2026-03-30T10:00", "2026-04-08"),
    ("2026-04-01T10:00", "2026-04-10"),
    ("2026-04-02T10:00", "2026-04-10"),
    ("2026-04-05T10:00", "2026-04-10"),
    # Mondays of Ley Emiliani: 23 March (San José), 12 January (Reyes), 13 July (Chiquinquirá).
    ("2026-03-20T10:00", "2026-03-30"),
    ("2026-03-16T10:00", "2026-03-24"),
    ("2026-01-05T10:00", "2026-01-13"),
    ("2026-07-09T10:00", "2026-07-17"),
    # Two Mondays in a row in June, and the two of November.
    ("2026-06-05T10:00", "2026-06-16"),
    ("2026-10-30T10:00", "2026-11-09"),
    ("2026-11-13T10:00", "2026-11-23"),
    # The end of a year: Friday 25 December, and 1 January.
    ("2026-12-23T10:00", "2026-12-31"),
    ("2026-12-24T10:00", "2027-01-04"),
    ("2026-12-31T23:59", "2027-01-08"),
    # A holiday in the middle of the week: 8 December 2026 is a Tuesday.
    ("2026-12-04T10:00", "2026-12-14"),
]


@pytest.mark.parametrize(("delivered", "last"), DATES)
def test_the_last_day(delivered: str, last: str) -> None:
    at = datetime.fromisoformat(delivered).replace(tzinfo=BOGOTA)
    assert last_day_to_withdraw(at.astimezone(UTC)).isoformat() == last


def test_the_window_ends_with_the_day_in_bogota() -> None:
    # 03:00 UTC on Tuesday is still Monday evening in Bogotá.
    delivered = datetime(2026, 2, 3, 3, 0, tzinfo=UTC)
    assert withdrawal_ends(delivered) == datetime(2026, 2, 10, 5, 0, tzinfo=UTC)
    assert withdrawal_ends(delivered).utcoffset() == BOGOTA.utcoffset(None)
