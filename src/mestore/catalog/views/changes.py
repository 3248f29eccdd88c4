"""Waiting edits as people read them: each field before and after."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import String, bindparam, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.errors import NothingWaits
from mestore.catalog.models import Product, ProductChange
from mestore.catalog.types import REVIEWED, ChangeState
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_ORDER = SortKey("submitted_at", ProductChange.id, ProductChange.id, descending=False)
_COLUMNS = (
    ProductChange.id,
    ProductChange.product_id,
    Product.vendor_id,
    Product.version,
    type_coerce(ProductChange.state, String),
    ProductChange.reason,
    ProductChange.submitted_at,
    ProductChange.fields,
    Product.name,
    Product.slug,
    Product.description,
    Product.short_description,
    Product.category_id,
    Product.brand,
    Product.tags,
    Product.tax_rate,
    Product.seo_title,
    Product.seo_description,
    Product.videos,
    Product.extra,
)
_CHANGES = (
    select(*_COLUMNS)
    .join(Product, Product.id == ProductChange.product_id)
    .where(Product.deleted_at.is_(None))
)
_OF_PRODUCT = _CHANGES.where(ProductChange.product_id == bindparam("product_id"))
_IN_STATE = _CHANGES.where(ProductChange.state == bindparam("state"))
_COUNT = (
    select(func.count())
    .select_from(ProductChange)
    .join(Product, Product.id == ProductChange.product_id)
    .where(ProductChange.state == bindparam("state"), Product.deleted_at.is_(None))
)


class FieldChange(msgspec.Struct, frozen=True):
    """What a field says now and what it is to say."""

    before: Any
    after: Any


class ChangeView(msgspec.Struct, frozen=True):
    """A waiting or rejected edit of an approved product; `category` is an id."""

    id: int
    product_id: UUID
    product_name: str
    vendor_id: UUID
    product_version: int
    state: str
    reason: str | None
    submitted_at: datetime
    changes: dict[str, FieldChange]


async def get_change(connection: AsyncConnection, product_id: UUID) -> ChangeView:
    """Return what waits for a product; raises `NothingWaits`."""
    row = (await connection.execute(_OF_PRODUCT, {"product_id": product_id})).first()
    if row is None:
        raise NothingWaits
    return _view(row)


async def page_changes(
    connection: AsyncConnection, wanted: PageRequest, state: ChangeState
) -> Page[ChangeView]:
    """Return a page of the edits of one state, those that wait longest first."""
    total: int = (await connection.execute(_COUNT, {"state": state})).scalar_one()
    rows = (await connection.execute(apply(_IN_STATE, wanted, _ORDER), {"state": state})).all()
    return page_of([_view(row) for row in rows], wanted, _ORDER, total, ("id", "id"))


def _view(row: Sequence[Any]) -> ChangeView:
    change_id, product_id, vendor_id, version, state, reason, submitted_at, fields, *now = row
    present = dict(zip(REVIEWED, now, strict=True))
    if present["category"] is not None:
        present["category"] = str(present["category"])
    changes = {name: FieldChange(present[name], after) for name, after in sorted(fields.items())}
    return ChangeView(
        change_id, product_id, now[0], vendor_id, version, state, reason, submitted_at, changes
    )
