"""Categories as clients see them: the tree, or one branch of it, in one statement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from mestore.catalog.errors import CategoryNotFound, UnknownCategory
from mestore.catalog.models import Category, Product
from mestore.catalog.types import uuid_in
from mestore.catalog.views.totals import Totals
from mestore.kernel.db import Database


class CategoryView(msgspec.Struct, frozen=True):
    """A category with everything under it; `product_count` is of public products in all of it."""

    id: UUID
    number: int
    parent_id: UUID | None
    path: str
    name: str
    slug: str
    description: str | None
    seo_title: str | None
    seo_description: str | None
    position: int
    created_at: datetime
    updated_at: datetime
    product_count: int
    children: list["CategoryView"]


_Root = aliased(Category)
_COLUMNS = (
    Category.id,
    Category.number,
    Category.parent_id,
    Category.path,
    Category.name,
    Category.slug,
    Category.description,
    Category.seo_title,
    Category.seo_description,
    Category.position,
    Category.created_at,
    Category.updated_at,
)
_IN_ORDER = (Category.position, Category.name, Category.number)
_TREE = select(*_COLUMNS).order_by(*_IN_ORDER)
_BRANCH = (
    select(*_COLUMNS)
    .join(_Root, Category.path.like(_Root.path.concat("%")))
    .order_by(func.length(Category.path), *_IN_ORDER)
)
_IDS = select(Category.id).join(_Root, Category.path.like(_Root.path.concat("%")))
_COUNTS = (
    select(Product.category_id, func.count())
    .where(Product.is_public == true(), Product.category_id.is_not(None))
    .group_by(Product.category_id)
)
_OF_ID = _Root.id == bindparam("key")
_OF_SLUG = _Root.slug == bindparam("key")
_BRANCH_BY_ID, _BRANCH_BY_SLUG = _BRANCH.where(_OF_ID), _BRANCH.where(_OF_SLUG)
_IDS_BY_ID, _IDS_BY_SLUG = _IDS.where(_OF_ID), _IDS.where(_OF_SLUG)


async def counts_of(connection: AsyncConnection) -> dict[UUID, int]:
    """Return how many public products lie in each category itself."""
    rows = await connection.execute(_COUNTS)
    return {category_id: count for category_id, count in rows if category_id is not None}


async def kept_counts(database: Database, totals: Totals) -> Mapping[UUID, int]:
    """Return what `counts_of` does, counted again after seconds."""

    async def fetch() -> Mapping[UUID, int]:
        async with database.read() as connection:
            return await counts_of(connection)

    return await totals.in_categories.get("all", fetch)


async def category_tree(
    connection: AsyncConnection, counts: Mapping[UUID, int]
) -> list[CategoryView]:
    """Return all root categories with what lies under them, each level by position and name."""
    categories = _with_children((await connection.execute(_TREE)).all(), counts)
    return [category for category in categories if category.parent_id is None]


async def get_category(
    connection: AsyncConnection, key: str, counts: Mapping[UUID, int]
) -> CategoryView:
    """Return the category of an id or slug with what lies under it; `CategoryNotFound`."""
    category_id = uuid_in(key)
    statement = _BRANCH_BY_SLUG if category_id is None else _BRANCH_BY_ID
    rows = (await connection.execute(statement, {"key": category_id or key})).all()
    categories = _with_children(rows, counts)
    if not categories:
        raise CategoryNotFound
    # The shortest path comes first: the root of the branch.
    return categories[0]


async def branch_of(database: Database, totals: Totals, key: str) -> tuple[UUID, ...]:
    """Return the ids of a category and all under it; `UnknownCategory` where there is none."""
    category_id = uuid_in(key)
    statement = _IDS_BY_SLUG if category_id is None else _IDS_BY_ID

    async def fetch() -> tuple[UUID, ...]:
        async with database.read() as connection:
            rows = await connection.execute(statement, {"key": category_id or key})
            ids = tuple(rows.scalars())
        if not ids:
            raise UnknownCategory(category=key)
        return ids

    return await totals.branches.get(key, fetch)


def _with_children(rows: Sequence[Any], counts: Mapping[UUID, int]) -> list[CategoryView]:
    in_all = _with_descendants(rows, counts)
    categories = [CategoryView(*(*row, in_all[row.path], [])) for row in rows]
    by_id = {category.id: category for category in categories}
    for category in categories:
        if category.parent_id in by_id:
            by_id[category.parent_id].children.append(category)
    return categories


def _with_descendants(rows: Sequence[Any], counts: Mapping[UUID, int]) -> Mapping[str, int]:
    """Return by path how many products lie in a category and under it."""
    in_all: Counter[str] = Counter()
    for row in rows:
        parts = row.path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            in_all[f"/{'/'.join(parts[:depth])}/"] += counts.get(row.id, 0)
    return in_all
