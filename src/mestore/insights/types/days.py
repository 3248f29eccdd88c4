"""How a product did on one day."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

LONGEST_PERIOD = timedelta(days=366)
USUAL_DAYS = 30
KEPT = timedelta(days=760)
"""Two years and a month: the same month of the year before can always be looked up."""
EVERYBODY = UUID(int=2**128 - 1)
"""All vendors at once. It comes after every vendor: the rows that all share are locked last."""
SLOTS = 8
"""Rows that a day's counts of the whole marketplace are spread over."""
BEST = 400
"""How many products of a day, or of a month, are kept as its best by a figure."""
LISTED = 200
"""How many of them, added up over a period's days, and over its months, a list has."""
MOST_READ = 20_000
"""Rows of `product_days` that one answer may add up; with more, it lists the best products."""


class Span(StrEnum):
    """What has best products. Only months tell what sells little on a day, but every day."""

    DAY = "day"
    MONTH = "month"


LEAST = {Span.DAY: 50, Span.MONTH: 1_000}
"""Rows of `product_days` from which a vendor's day or month has best products.

In the longest period with more than `MOST_READ` rows some day and some month has as many.
"""


class Figure(StrEnum):
    """What is counted of a product and by what its days are ranked."""

    VIEWS = "views"
    CARTS = "carts"
    ORDERS = "orders"
    UNITS = "units"
    REFUNDED_UNITS = "refunded_units"
    SALES = "sales_minor"
    REFUNDS = "refunds_minor"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """What is to be added to a product's day. Amounts are what buyers paid, IVA included."""

    day: date
    product_id: UUID
    vendor_id: UUID
    views: int = 0
    carts: int = 0
    orders: int = 0
    units: int = 0
    sales_minor: int = 0
    refunded_units: int = 0
    refunds_minor: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """Days in Bogotá, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Ranking:
    """A day or month of a vendor or of `EVERYBODY`, and what all its figures add up to."""

    vendor_id: UUID
    span: Span
    period: Period
    counted: int


Ranked = tuple[Figure, UUID, int]
"""By which figure, which product, how much of it."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted over a period; `revenue` is `sales` less `refunds`.

    `conversion` is orders per 100 views, null where nobody looked.
    """

    views: int
    carts: int
    orders: int
    units: int
    refunded_units: int
    sales: int | float
    refunds: int | float
    revenue: int | float
    conversion: int | float | None


class ProductFigures(Figures, frozen=True, kw_only=True):
    """What was counted of one product; `is_deleted` where it is not offered any more."""

    product_id: UUID
    vendor_id: UUID
    name: str
    sku: str
    slug: str
    is_deleted: bool
