"""What a product cost, for everybody."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import OldSlug, Product, ProductPrice
from mestore.kernel.clock import now
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.money import to_number

DAYS_SHOWN = 90
DAYS_OF_LOWEST = 30
_SINCE = bindparam("from_moment", type_=UtcDateTime)
_PRICES = (
    select(ProductPrice.price_minor, ProductPrice.since, ProductPrice.until)
    .where(
        ProductPrice.product_id == bindparam("product_id"),
        or_(ProductPrice.until.is_(None), ProductPrice.until >= _SINCE),
    )
    .order_by(ProductPrice.since.desc(), ProductPrice.id.desc())
)
_PRESENT = select(Product.price_minor, Product.currency, Product.created_at).where(
    Product.id == bindparam("product_id")
)
_CURRENT_SLUG = (
    select(Product.slug)
    .join(OldSlug, OldSlug.product_id == Product.id)
    .where(OldSlug.slug == bindparam("slug"), Product.is_public, Product.deleted_at.is_(None))
)


class PastPrice(msgspec.Struct, frozen=True):
    """A price and from when until when it was asked; the present one has no end."""

    price: int | float
    since: datetime
    until: datetime | None


class PriceHistory(msgspec.Struct, frozen=True):
    """The prices of the last 90 days, the newest first, and the lowest of the last 30."""

    product_id: UUID
    price: int | float
    currency: str
    lowest_30_days: int | float
    prices: list[PastPrice]


async def price_history(connection: AsyncConnection, product_id: UUID) -> PriceHistory:
    """Return what a product that exists cost, in two statements."""
    moment = now()
    values = {"product_id": product_id, "from_moment": moment - timedelta(days=DAYS_SHOWN)}
    found_prices = await connection.execute(_PRICES, values)
    rows: list[tuple[int, datetime, datetime | None]] = [
        (price, since, until) for price, since, until in found_prices
    ]
    found = await connection.execute(_PRESENT, {"product_id": product_id})
    minor, currency, created_at = found.one()
    # A product older than this history never changed its price, or a row would tell.
    rows = rows or [(minor, created_at, None)]
    recent = moment - timedelta(days=DAYS_OF_LOWEST)
    lowest = min(price for price, _, until in rows if until is None or until >= recent)
    prices = [PastPrice(to_number(price), since, until) for price, since, until in rows]
    return PriceHistory(product_id, to_number(minor), currency, to_number(lowest), prices)


async def current_slug(connection: AsyncConnection, old: str) -> str | None:
    """Return the address of the public product that had the address `old` before."""
    return (await connection.execute(_CURRENT_SLUG, {"slug": old})).scalar_one_or_none()
