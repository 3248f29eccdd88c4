"""The tree of categories: writing it, and holding it for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import String, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.models import Category
from mestore.catalog.types import HeldCategory, uuid_in
from mestore.kernel.db import affected, inserted_id

# By id, so that two writers wait for each other in the same order.
_LOCK_TREE = (
    select(Category.id, Category.parent_id, Category.path, Category.slug)
    .order_by(Category.id)
    .with_for_update()
)

_DESCRIPTION = (
    Category.name,
    Category.slug,
    Category.parent_id,
    Category.description,
    Category.seo_title,
    Category.seo_description,
    Category.position,
)


@dataclass(frozen=True, slots=True)
class CategoryRepository:
    """Categories; only one writer at a time changes the shape of the tree."""

    connection: AsyncConnection

    async def lock_tree(self) -> list[HeldCategory]:
        """Return all categories and hold them, so that no branch moves meanwhile."""
        return [HeldCategory(*row) for row in await self.connection.execute(_LOCK_TREE)]

    async def hold(self, key: str) -> UUID | None:
        """Return the category of an id or slug, if there is one, and keep it from being deleted."""
        category_id = uuid_in(key)
        matches = Category.slug == key if category_id is None else Category.id == category_id
        # Held, so that it is not deleted before this transaction refers to it.
        query = select(Category.id).where(matches).with_for_update(read=True)
        return (await self.connection.execute(query)).scalar_one_or_none()

    async def add(self, row: Mapping[str, Any], parent_path: str) -> None:
        """Write a new category under the path of its parent, `/` for the root."""
        number = await inserted_id(self.connection, insert(Category), {**row, "path": ""})
        path = f"{parent_path}{number}/"
        await affected(
            self.connection, update(Category).where(Category.number == number).values(path=path)
        )

    async def describe(self, category_id: UUID) -> dict[str, Any]:
        """Return what is said of a category that exists."""
        query = select(*_DESCRIPTION).where(Category.id == category_id)
        return dict((await self.connection.execute(query)).mappings().one())

    async def change(self, category_id: UUID, values: Mapping[str, Any]) -> None:
        """Write new values."""
        statement = update(Category).where(Category.id == category_id).values(**values)
        await affected(self.connection, statement)

    async def move_branch(self, old: str, new: str) -> None:
        """Give everything under the path `old` the path `new` instead, in one statement."""
        rest = func.substr(Category.path, len(old) + 1, type_=String())
        statement = (
            update(Category)
            .where(Category.path.like(f"{old}%"))
            .values(path=literal(new, String()) + rest)
        )
        await affected(self.connection, statement)

    async def adopt_children(self, parent_id: UUID, new_parent_id: UUID) -> None:
        """Give all children of a category another parent."""
        statement = update(Category).where(Category.parent_id == parent_id)
        await affected(self.connection, statement.values(parent_id=new_parent_id))

    async def remove(self, category_id: UUID) -> None:
        """Delete a category."""
        await affected(self.connection, delete(Category).where(Category.id == category_id))
