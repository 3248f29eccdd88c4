"""HTTP for categories: the tree for everybody, its upkeep for staff."""

from typing import Annotated

import msgspec
from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.catalog.deps import totals_of
from mestore.catalog.endpoints.answers import JSON, KeyInPath
from mestore.catalog.errors import (
    CategoryCycle,
    CategoryInUse,
    CategoryNotFound,
    CategoryTooDeep,
    SlugTaken,
    UnknownCategory,
)
from mestore.catalog.schemas.answers import CategoriesOut, CategoryOut
from mestore.catalog.schemas.bodies import CategoryIn
from mestore.catalog.schemas.fields import Key
from mestore.catalog.service.categories import CategoryService
from mestore.catalog.views.categories import category_tree, counts_of, get_category, kept_counts
from mestore.kernel.cache import HotRoute, tag
from mestore.kernel.http import InTx, database, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/categories", tags=["categories"], route_class=HotRoute)

Keeper = Annotated[Caller, Depends(require(Permission.CATEGORIES_MANAGE))]


@router.get("", response_model=CategoriesOut)
async def tree_of_categories(request: Request) -> Response:
    """Show all categories as a tree, each level by position and name."""
    db = await database(request)
    counts = await kept_counts(db, totals_of(request))
    async with db.read() as connection:
        roots = await category_tree(connection, counts)
    tag(request, "categories")
    return Response(msgspec.json.encode({"categories": roots}), media_type=JSON)


@router.get("/{category_id}", response_model=CategoryOut, responses=refuses(CategoryNotFound))
async def one_category(request: Request, category_id: KeyInPath) -> Response:
    """Show a category, by id or slug, with everything under it."""
    db = await database(request)
    counts = await kept_counts(db, totals_of(request))
    async with db.read() as connection:
        found = await get_category(connection, category_id, counts)
    tag(request, "categories")
    return Response(msgspec.json.encode(found), media_type=JSON)


@router.post(
    "",
    status_code=201,
    response_model=CategoryOut,
    responses=refuses(SlugTaken, UnknownCategory, CategoryTooDeep),
)
async def add_category(body: CategoryIn, _: Keeper, tx: InTx) -> Response:
    """Add a category, at the root or under `parent_id`."""
    category_id = await CategoryService(tx).add(body.fields())
    answer = await _category(tx.connection, str(category_id), status=201)
    answer.headers["location"] = f"/api/v1/categories/{category_id}"
    return answer


@router.put(
    "/{category_id}",
    response_model=CategoryOut,
    responses=refuses(CategoryNotFound, SlugTaken, UnknownCategory, CategoryCycle, CategoryTooDeep),
)
async def replace_category(
    category_id: KeyInPath, body: CategoryIn, _: Keeper, tx: InTx
) -> Response:
    """Replace what is said of a category; under a new parent its whole branch moves along."""
    changed = await CategoryService(tx).change(category_id, body.fields())
    return await _category(tx.connection, str(changed))


@router.delete(
    "/{category_id}",
    status_code=204,
    responses=refuses(CategoryNotFound, CategoryInUse, CategoryCycle, UnknownCategory),
)
async def delete_category(
    category_id: KeyInPath,
    _: Keeper,
    tx: InTx,
    move_to: Annotated[
        Key | None, Query(description="The id or slug of the category that takes what is in it.")
    ] = None,
) -> None:
    """Delete a category; refused while it holds anything, unless `move_to` says where that goes."""
    await CategoryService(tx).remove(category_id, move_to)


async def _category(connection: AsyncConnection, key: str, status: int = 200) -> Response:
    found = await get_category(connection, key, await counts_of(connection))
    body = msgspec.json.encode(found)
    return Response(body, status, media_type=JSON)
