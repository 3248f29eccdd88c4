"""The right of withdrawal (Ley 1480 de 2011, art. 47): five business days from delivery.

It is here and not in a room above, because earnings, returns and mails all count by it.
"""

from datetime import date, datetime, time, timedelta

from mestore.kernel.clock import BOGOTA
from mestore.kernel.workdays import after_business_days

WITHDRAWAL_BUSINESS_DAYS = 5


def last_day_to_withdraw(delivered_at: datetime) -> date:
    """Return the last day in Bogotá on which a buyer may withdraw; the day of delivery is day 0."""
    return after_business_days(delivered_at.astimezone(BOGOTA).date(), WITHDRAWAL_BUSINESS_DAYS)


def withdrawal_ends(delivered_at: datetime) -> datetime:
    """Return the first instant after that day, with Bogotá's offset."""
    after = last_day_to_withdraw(delivered_at) + timedelta(days=1)
    return datetime.combine(after, time.min, BOGOTA)
