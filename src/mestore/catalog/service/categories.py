"""The tree of categories: only the operator's staff changes it."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from mestore.accounts.service.acts import acting, record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import (
    CategoryCycle,
    CategoryInUse,
    CategoryNotFound,
    CategoryTooDeep,
    SlugTaken,
    UnknownCategory,
)
from mestore.catalog.folding import slug_of
from mestore.catalog.repository.categories import CategoryRepository
from mestore.catalog.repository.products import ProductRepository
from mestore.catalog.service.changes import WaitingChanges
from mestore.catalog.types import DEEPEST_LEVEL, CategoryFields, HeldCategory, uuid_in
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.ids import uuid7

SLUG_LENGTH = 140


class CategoryService:
    """Adds, changes, moves and removes categories; the paths always tell the tree."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.categories = CategoryRepository(tx.connection)
        self.products = ProductRepository(tx.connection)

    async def add(self, fields: CategoryFields) -> UUID:
        """Add a category and return its id."""
        tree = await self.categories.lock_tree()
        parent = _parent(tree, fields["parent"])
        _check_depth((parent.level if parent else 0) + 1)
        category_id, moment = uuid7(), now()
        row = _columns(fields) | {
            "id": category_id,
            "parent_id": parent.id if parent else None,
            "slug": _free_slug(tree, fields),
            "created_at": moment,
            "updated_at": moment,
        }
        await self.categories.add(row, parent.path if parent else "/")
        self._touch()
        after = await self.categories.describe(category_id)
        self._record(Act.CATEGORY_ADDED, category_id, after=after)
        return category_id

    async def change(self, key: str, fields: CategoryFields) -> UUID:
        """Replace what is said of a category; under a new parent its whole branch moves along."""
        tree = await self.categories.lock_tree()
        category = _find(tree, key)
        if category is None:
            raise CategoryNotFound
        parent = _parent(tree, fields["parent"])
        parent_id = parent.id if parent else None
        others = [other for other in tree if other.id != category.id]
        slug = _free_slug(others, fields) if fields["slug"] else category.slug
        row = _columns(fields) | {"parent_id": parent_id, "slug": slug, "updated_at": now()}
        before = await self.categories.describe(category.id)
        await self.categories.change(category.id, row)
        if parent_id != category.parent_id:
            await self._move(tree, category, parent)
        self._touch()
        after = await self.categories.describe(category.id)
        self._record(Act.CATEGORY_CHANGED, category.id, before=before, after=after)
        return category.id

    async def remove(self, key: str, move_to: str | None = None) -> None:
        """Delete a category; what it holds goes to `move_to`, without which it must be empty."""
        tree = await self.categories.lock_tree()
        category = _find(tree, key)
        if category is None:
            raise CategoryNotFound
        children = sum(other.parent_id == category.id for other in tree)
        products = await self.products.count_in_category(category.id)
        target = None
        if move_to is not None:
            target = _parent(tree, move_to)
        elif children or products:
            raise CategoryInUse(products=products, children=children)
        if target is not None:
            await self._empty_into(tree, category, target)
        before = await self.categories.describe(category.id)
        # Deleted products may still name it.
        target_id = target.id if target else None
        await self.products.move_category(category.id, target_id)
        await WaitingChanges(self.tx).move_category(category.id, target_id)
        await self.categories.remove(category.id)
        self._touch()
        moved = {"moved_to": target_id} if target else None
        self._record(Act.CATEGORY_REMOVED, category.id, before=before, after=moved)

    async def _move(
        self, tree: Sequence[HeldCategory], category: HeldCategory, parent: HeldCategory | None
    ) -> None:
        if parent and parent.path.startswith(category.path):
            raise CategoryCycle
        new_level = (parent.level if parent else 0) + 1
        _check_depth(_deepest(tree, category) + new_level - category.level)
        last_part = category.path.rstrip("/").rpartition("/")[2]
        new_path = f"{parent.path if parent else '/'}{last_part}/"
        await self.categories.move_branch(category.path, new_path)

    async def _empty_into(
        self, tree: Sequence[HeldCategory], category: HeldCategory, target: HeldCategory
    ) -> None:
        if target.path.startswith(category.path):
            raise CategoryCycle
        _check_depth(_deepest(tree, category) + target.level - category.level)
        await self.categories.adopt_children(category.id, target.id)
        await self.categories.move_branch(category.path, target.path)

    def _record(
        self,
        act: Act,
        category_id: UUID,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        # The first categories are sown by the command line: nobody decided on them.
        if acting() is not None:
            record(self.tx, act, Subject.CATEGORY, category_id, before=before, after=after)

    def _touch(self) -> None:
        self.tx.touch("categories", "catalog")


def _find(tree: Iterable[HeldCategory], key: str) -> HeldCategory | None:
    category_id = uuid_in(key)
    return next(
        (
            category
            for category in tree
            if (category.slug == key if category_id is None else category.id == category_id)
        ),
        None,
    )


def _parent(tree: Iterable[HeldCategory], key: str | None) -> HeldCategory | None:
    if key is None:
        return None
    parent = _find(tree, key)
    if parent is None:
        raise UnknownCategory(category=key)
    return parent


def _deepest(tree: Iterable[HeldCategory], category: HeldCategory) -> int:
    return max(other.level for other in tree if other.path.startswith(category.path))


def _check_depth(level: int) -> None:
    if level > DEEPEST_LEVEL:
        raise CategoryTooDeep(levels=DEEPEST_LEVEL)


def _free_slug(tree: Iterable[HeldCategory], fields: CategoryFields) -> str:
    taken = {category.slug for category in tree}
    if fields["slug"]:
        if fields["slug"] in taken:
            raise SlugTaken(slug=fields["slug"])
        return fields["slug"]
    base = slug_of(fields["name"], SLUG_LENGTH) or "categoria"
    slug = base
    while slug in taken or uuid_in(slug) is not None:
        slug = f"{base}-{secrets.token_hex(3)}"
    return slug


def _columns(fields: CategoryFields) -> dict[str, Any]:
    return {
        name: fields[name]
        for name in ("name", "description", "seo_title", "seo_description", "position")
    }
