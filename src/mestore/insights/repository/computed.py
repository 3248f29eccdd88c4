"""Every SQL statement that writes insights."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.models import PopularProduct, ProductPair
from mestore.insights.types.recommendations import POPULAR_KEPT
from mestore.kernel.columns import UtcDateTime

_ORDERS = table(
    "orders",
    column("id", BigInteger),
    column("financial_status", String),
    column("created_at", UtcDateTime),
)
_ITEMS = table(
    "order_items",
    column("order_id", BigInteger),
    column("product_id", Uuid),
    column("quantity", Integer),
    column("refunded_quantity", Integer),
)
_PAID = ("PAID", "PARTIALLY_REFUNDED")
_ONE, _OTHER = _ITEMS.alias("one"), _ITEMS.alias("other")
_is_paid_since = _ORDERS.c.financial_status.in_(_PAID) & (
    _ORDERS.c.created_at >= bindparam("since", type_=UtcDateTime)
)
# What was given back was not sold.
_UNITS_KEPT = _ITEMS.c.quantity - _ITEMS.c.refunded_quantity
_PAIRS = insert(ProductPair).from_select(
    ["product_id", "other_id", "orders"],
    select(_ONE.c.product_id, _OTHER.c.product_id, func.count(_ORDERS.c.id.distinct()))
    .select_from(_ORDERS)
    .join(_ONE, _ONE.c.order_id == _ORDERS.c.id)
    .join(_OTHER, _OTHER.c.order_id == _ORDERS.c.id)
    .where(
        _is_paid_since,
        _ONE.c.product_id != _OTHER.c.product_id,
        _ONE.c.quantity > _ONE.c.refunded_quantity,
        _OTHER.c.quantity > _OTHER.c.refunded_quantity,
    )
    .group_by(_ONE.c.product_id, _OTHER.c.product_id),
)
_POPULAR = insert(PopularProduct).from_select(
    ["product_id", "units"],
    select(_ITEMS.c.product_id, func.sum(_UNITS_KEPT))
    .select_from(_ORDERS)
    .join(_ITEMS, _ITEMS.c.order_id == _ORDERS.c.id)
    .where(_is_paid_since, _UNITS_KEPT > 0)
    .group_by(_ITEMS.c.product_id)
    .order_by(func.sum(_UNITS_KEPT).desc(), _ITEMS.c.product_id)
    .limit(literal_column(str(POPULAR_KEPT))),
)

_UNITS = select(PopularProduct.product_id, PopularProduct.units)


@dataclass(frozen=True, slots=True)
class InsightRepository:
    """What was computed from the orders."""

    connection: AsyncConnection

    async def replace_pairs(self, since: datetime) -> None:
        """Count anew which products were bought together since then."""
        await self.connection.execute(delete(ProductPair))
        await self.connection.execute(_PAIRS, {"since": since})

    async def units(self) -> dict[UUID, int]:
        """Return how many units of the best selling products were sold."""
        return {row[0]: row[1] for row in await self.connection.execute(_UNITS)}

    async def replace_popular(self, since: datetime) -> None:
        """Count anew what sold best since then."""
        await self.connection.execute(delete(PopularProduct))
        await self.connection.execute(_POPULAR, {"since": since})
