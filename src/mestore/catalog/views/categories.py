"""Categories as clients see them: the tree, or one branch of it, in one statement."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from mestore.catalog.errors import CategoryNotFound, UnknownCategory
from mestore.catalog.models import Category
from mestore.catalog.types import uuid_in
from mestore.catalog.views.totals import Totals
from mestore.kernel.db import Database


class CategoryView(msgspec.Struct, frozen=True):
    """A category with everything under it."""

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
_OF_ID = _Root.id == bindparam("key")
_OF_SLUG = _Root.slug == bindparam("key")
_BRANCH_BY_ID, _BRANCH_BY_SLUG = _BRANCH.where(_OF_ID), _BRANCH.where(_OF_SLUG)
_IDS_BY_ID, _IDS_BY_SLUG = _IDS.where(_OF_ID), _IDS.where(_OF_SLUG)


async def category_tree(connection: AsyncConnection) -> list[CategoryView]:
    """Return all root categories with what lies under them, each level by position and name."""
    categories = _with_children(await connection.execute(_TREE))
    return [category for category in categories if category.parent_id is None]


async def get_category(connection: AsyncConnection, key: str) -> CategoryView:
    """Return the category of an id or slug with what lies under it; `CategoryNotFound`."""
    category_id = uuid_in(key)
    statement = _BRANCH_BY_SLUG if category_id is None else _BRANCH_BY_ID
    categories = _with_children(await connection.execute(statement, {"key": category_id or key}))
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


def _with_children(rows: Iterable[Any]) -> list[CategoryView]:
    categories = [CategoryView(*(*row, [])) for row in rows]
    by_id = {category.id: category for category in categories}
    for category in categories:
        if category.parent_id in by_id:
            by_id[category.parent_id].children.append(category)
    return categories
