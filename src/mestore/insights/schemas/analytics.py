"""What is answered of how products do."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from mestore.kernel.paging import PaginationOut


class FiguresOut(BaseModel):
    """What was counted; amounts are in pesos, as buyers paid them, IVA included.

    `revenue` is `sales` less `refunds`; `conversion` is orders per 100 views, null without views.
    """

    views: int
    carts: int
    orders: int
    units: int
    refunded_units: int
    sales: float
    refunds: float
    revenue: float
    conversion: float | None


class ProductFiguresOut(FiguresOut):
    """What was counted of one product."""

    product_id: UUID
    vendor_id: UUID
    name: str
    sku: str
    slug: str
    is_deleted: bool


class PeriodOut(BaseModel):
    """Days in Bogotá, both included."""

    date_from: date
    date_to: date


class AnalyticsOut(BaseModel):
    """A page of products with what was counted of them, and the totals of all products.

    Where `lists_all` is false, the pages have only the best products.
    """

    period: PeriodOut
    currency: str
    totals: FiguresOut
    lists_all: bool
    products: list[ProductFiguresOut]
    pagination: PaginationOut
