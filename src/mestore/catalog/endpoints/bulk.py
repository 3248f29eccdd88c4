"""HTTP for changes of many products at once; before the addresses of single products."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from mestore.catalog.deps import DeletingEditor, StockOfProducts, UpdatingEditor
from mestore.catalog.schemas.answers import BulkOut, BulkResultOut
from mestore.catalog.schemas.bodies import BulkDeleteIn, BulkUpdateIn
from mestore.catalog.service.bulk import BulkService, Change
from mestore.kernel.errors import Refusal
from mestore.kernel.http import InTx
from mestore.kernel.problems import language
from mestore.kernel.routing import Router

router = Router(prefix="/products", tags=["products"])


@router.put("/bulk-update", response_model=BulkOut)
@router.post("/bulk-update", response_model=BulkOut)
async def update_products(
    body: BulkUpdateIn,
    editor: UpdatingEditor,
    tx: InTx,
    levels: StockOfProducts,
) -> BulkOut:
    """Change up to 500 products: one answer for each; with `atomic` all or none."""
    changes = [Change(each.id, each.fields(only_sent=True), each.stock) for each in body.products]
    outcomes = await BulkService(tx, editor).edit(changes, atomic=body.atomic, levels=levels)
    return _shown([change.id for change in changes], outcomes)


@router.post("/bulk-delete", response_model=BulkOut)
async def delete_products(body: BulkDeleteIn, editor: DeletingEditor, tx: InTx) -> BulkOut:
    """Delete up to 500 products: one answer for each; with `atomic` all or none."""
    outcomes = await BulkService(tx, editor).withdraw(body.ids, atomic=body.atomic)
    return _shown(body.ids, outcomes)


def _shown(ids: Sequence[UUID], outcomes: Mapping[UUID, Refusal | None]) -> BulkOut:
    results = []
    for product_id in dict.fromkeys(ids):
        refusal = outcomes[product_id]
        results.append(
            BulkResultOut(id=product_id, success=True)
            if refusal is None
            else BulkResultOut(
                id=product_id,
                success=False,
                code=refusal.code,
                detail=refusal.text(language.get()),
            )
        )
    failed = sum(not result.success for result in results)
    return BulkOut(success=not failed, done=len(results) - failed, failed=failed, results=results)
