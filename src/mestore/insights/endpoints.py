"""HTTP for recommendations."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Response

from mestore.accounts.deps import MaybeCaller
from mestore.catalog.errors import ProductNotFound
from mestore.insights.schemas import RecommendationsOut
from mestore.insights.service import recommend
from mestore.kernel.http import Db, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/products", tags=["products"])


@router.get(
    "/recommendations", response_model=RecommendationsOut, responses=refuses(ProductNotFound)
)
async def recommendations(
    db: Db,
    caller: MaybeCaller,
    product_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=24)] = 8,
) -> Response:
    """Recommend products beside one, for the signed-in buyer, or what sells.

    `limit` is for each list. All of them can be bought now.
    """
    found = await recommend(db, product_id, caller.user_id if caller else None, limit)
    return Response(msgspec.json.encode(found), media_type="application/json")
