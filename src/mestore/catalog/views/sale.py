"""Variants as they are sold now, for carts and checkout: one statement for any number of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Text, bindparam, cast, exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from mestore.catalog.models import Product, Variant
from mestore.catalog.types import InventoryPolicy, SaleItem

SaleKey = tuple[UUID, UUID | None]


class _Urls(msgspec.Struct):
    thumbnail: str


class _Image(msgspec.Struct):
    urls: _Urls


_OTHER = aliased(Variant)
_HAS_CHOICE = exists().where(
    _OTHER.product_id == Variant.product_id,
    _OTHER.id != Variant.id,
    _OTHER.deleted_at.is_(None),
)
_IMAGES = msgspec.json.Decoder(list[_Image])
# All through the index on product_id: an OR over two tables' keys would be no index at all.
_ITEMS = (
    select(
        Variant.is_default,
        Variant.id,
        Variant.product_id,
        Product.vendor_id,
        Product.category_id,
        Product.name,
        Variant.title,
        Variant.sku,
        Variant.price_minor,
        Product.price_minor,
        Product.tax_rate,
        Product.track_inventory,
        Product.is_public,
        _HAS_CHOICE,
        cast(Product.images, Text),
        Variant.inventory_policy,
    )
    .join(Product, Product.id == Variant.product_id)
    .where(
        Variant.deleted_at.is_(None),
        Variant.product_id.in_(bindparam("product_ids", expanding=True)),
        or_(
            Variant.is_default == true(),
            Variant.id.in_(bindparam("variant_ids", expanding=True)),
        ),
    )
)


async def sale_items(
    connection: AsyncConnection, keys: Sequence[SaleKey]
) -> dict[SaleKey, SaleItem]:
    """Return what is sold under each (product, variant or None for the default one).

    Keys that name nothing, or a variant of another product, are absent.
    """
    if not keys:
        return {}
    wanted = set(keys)
    values = {
        "product_ids": list({product_id for product_id, _ in wanted}),
        "variant_ids": [variant_id for _, variant_id in wanted if variant_id is not None],
    }
    found: dict[SaleKey, SaleItem] = {}
    for is_default, *row in await connection.execute(_ITEMS, values):
        item = _item(row)
        if (item.product_id, item.variant_id) in wanted:
            found[item.product_id, item.variant_id] = item
        if is_default and (item.product_id, None) in wanted:
            found[item.product_id, None] = item
    return found


def _item(row: Sequence[Any]) -> SaleItem:
    own_minor, price_minor, tax_rate, is_tracked, is_public, has_choice, images, policy = row[7:]
    pictures = _IMAGES.decode(images)
    values = (
        *row[:7],
        price_minor if own_minor is None else own_minor,
        tax_rate,
        is_tracked,
        is_public,
        has_choice,
        pictures[0].urls.thumbnail if pictures else None,
        policy is InventoryPolicy.CONTINUE,
    )
    return SaleItem(*values)
