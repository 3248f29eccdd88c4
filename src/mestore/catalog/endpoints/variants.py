"""HTTP for the variants of a product: who owns it, and staff, change them."""

from uuid import UUID

import msgspec
from fastapi import Request, Response

from mestore.catalog.deps import StockOfProducts, UpdatingEditor
from mestore.catalog.endpoints.answers import JSON, KeyInPath
from mestore.catalog.errors import (
    DefaultVariantKept,
    OptionsTaken,
    ProductNotFound,
    SkuTaken,
    TooManyVariants,
    VariantInUse,
    VariantNotFound,
)
from mestore.catalog.schemas.answers import VariantOut
from mestore.catalog.schemas.bodies import VariantIn, VariantReplacement
from mestore.catalog.service.products import CatalogService
from mestore.catalog.service.variants import VariantService
from mestore.catalog.views.products import all_variants
from mestore.kernel.db import Tx
from mestore.kernel.errors import PreconditionFailed
from mestore.kernel.http import InTx, check_if_match, etag, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/products/{product_id}/variants", tags=["products"])

_CHANGES = (ProductNotFound, PreconditionFailed, SkuTaken, OptionsTaken)


@router.post(
    "",
    status_code=201,
    response_model=VariantOut,
    responses=refuses(*_CHANGES, TooManyVariants),
)
async def add_variant(
    request: Request,
    product_id: KeyInPath,
    body: VariantIn,
    editor: UpdatingEditor,
    tx: InTx,
    levels: StockOfProducts,
) -> Response:
    """Add a variant with its first stock; `If-Match` takes the product's ETag."""
    product = await CatalogService(tx).hold(product_id, editor)
    check_if_match(request, etag(product.version))
    variant = body.to_variant()
    variant_id = await VariantService(tx).add(product, editor, variant, levels=levels)
    return await _answer(tx, product.id, variant_id, 201)


@router.put(
    "/{variant_id}",
    response_model=VariantOut,
    responses=refuses(*_CHANGES, VariantNotFound, DefaultVariantKept),
)
async def replace_variant(
    request: Request,
    product_id: KeyInPath,
    variant_id: UUID,
    body: VariantReplacement,
    editor: UpdatingEditor,
    tx: InTx,
) -> Response:
    """Replace what is said of a variant; `position` left out and the stock stay."""
    product = await CatalogService(tx).hold(product_id, editor)
    check_if_match(request, etag(product.version))
    await VariantService(tx).change(product, editor, variant_id, body.to_variant())
    return await _answer(tx, product.id, variant_id, 200)


@router.delete(
    "/{variant_id}",
    status_code=204,
    responses=refuses(
        ProductNotFound,
        PreconditionFailed,
        VariantNotFound,
        DefaultVariantKept,
        VariantInUse,
    ),
)
async def delete_variant(
    request: Request, product_id: KeyInPath, variant_id: UUID, editor: UpdatingEditor, tx: InTx
) -> None:
    """Delete a variant that no stock, order or cart holds. Orders keep what they say of it."""
    product = await CatalogService(tx).hold(product_id, editor)
    check_if_match(request, etag(product.version))
    await VariantService(tx).remove(product, editor, variant_id)


async def _answer(tx: Tx, product_id: UUID, variant_id: UUID, status: int) -> Response:
    variants = await all_variants(tx.connection, product_id)
    (shown,) = (variant for variant in variants if variant.id == variant_id)
    return Response(msgspec.json.encode(shown), status, media_type=JSON)
