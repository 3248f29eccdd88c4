"""HTTP for what would do a product good."""

import msgspec
from fastapi import Response

from mestore.catalog.deps import UpdatingEditor
from mestore.catalog.errors import ProductNotFound
from mestore.catalog.schemas.fields import Key
from mestore.insights.deps import CurrentWriter
from mestore.insights.schemas.optimization import AdviceOut
from mestore.insights.service.optimize import propose
from mestore.kernel.http import Db, refuses
from mestore.kernel.problems import language
from mestore.kernel.routing import Router

router = Router(prefix="/products/{product_id}", tags=["products"])


@router.post("/optimize", response_model=AdviceOut, responses=refuses(ProductNotFound))
async def optimize_product(
    product_id: Key, editor: UpdatingEditor, writer: CurrentWriter, db: Db
) -> Response:
    """Propose better words, pictures, tags and a better price, each with reason and evidence.

    Compared are public products of other shops with similar names. Nothing is changed.
    """
    advice = await propose(db, writer, product_id, editor, language.get())
    return Response(msgspec.json.encode(advice), media_type="application/json")
