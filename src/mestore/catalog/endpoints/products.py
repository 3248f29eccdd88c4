"""HTTP for products: lists and details for everybody, offers and edits for vendors."""

from typing import Any

import msgspec
from fastapi import Request, Response

from mestore.accounts.types import Permission, UserType
from mestore.catalog.deps import (
    DeletingEditor,
    OfferingVendor,
    StockOfProducts,
    UpdatingEditor,
    ViewingVendor,
    caller_of,
    totals_of,
)
from mestore.catalog.endpoints.answers import (
    JSON,
    KeyInPath,
    page_answer,
    product_answer,
)
from mestore.catalog.endpoints.query import documented, read
from mestore.catalog.errors import (
    CompareAtPriceNotReal,
    CompareAtPriceTooLow,
    FeaturedByStaff,
    OptionsTaken,
    PrivateStatus,
    ProductAwaited,
    ProductNotFound,
    ShopNotOpen,
    SkuTaken,
    SlugTaken,
    StatusChangeNotAllowed,
    StockIsPerPlace,
    StockIsPerVariant,
    UnknownCategory,
)
from mestore.catalog.schemas.answers import (
    ImagesOut,
    OwnProductOut,
    OwnProductsOut,
    PriceHistoryOut,
    ProductOut,
    ProductsOut,
    VariantsOut,
)
from mestore.catalog.schemas.bodies import ProductIn, ProductPatch, ProductReplacement
from mestore.catalog.schemas.queries import FilteredQuery, OwnListQuery, ProductQuery
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import ProductStatus
from mestore.catalog.views.categories import branch_of
from mestore.catalog.views.listing import OWN, PUBLIC, Listing, list_products, order_of
from mestore.catalog.views.prices import current_slug, price_history
from mestore.catalog.views.products import FoundProduct, all_variants, get_product, get_written
from mestore.kernel.cache import HotRoute, tag
from mestore.kernel.errors import PreconditionFailed, Unauthorized
from mestore.kernel.http import InTx, check_if_match, database, etag, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep, UnknownSort
from mestore.kernel.routing import Router
from mestore.vendors.errors import NotAVendor
from mestore.vendors.service import vendor_of

router = Router(prefix="/products", tags=["products"], route_class=HotRoute)

_LISTS = refuses(UnknownSort, InvalidPage, PageTooDeep, UnknownCategory)
_EDITS = refuses(
    ProductNotFound,
    PreconditionFailed,
    SkuTaken,
    SlugTaken,
    StatusChangeNotAllowed,
    StockIsPerPlace,
    StockIsPerVariant,
    FeaturedByStaff,
    CompareAtPriceTooLow,
    CompareAtPriceNotReal,
    UnknownCategory,
)
# Signing in is allowed and not needed: who may see more, sees more.
_OPEN: dict[str, Any] = {"security": [{}, {"HTTPBearer": []}]}


@router.get(
    "",
    response_model=ProductsOut,
    responses={**_LISTS, **refuses(PrivateStatus)},
    openapi_extra={**_OPEN, **documented(ProductQuery)},
)
async def list_of_products(request: Request) -> Response:
    """List products, the newest first. Only APPROVED ones, unless `status` asks for others:
    vendors get their own, staff everybody's.
    """
    query = read(ProductQuery, request)
    db, totals = await database(request), totals_of(request)
    order, wanted = order_of(query.sort), query.page_request()
    flags, values = query.flags(), query.values()
    lens: Any = PUBLIC
    if query.status in {None, ProductStatus.APPROVED}:
        flags.append("public")
    else:
        lens = OWN
        flags.append("kept")
        values |= await _private(request, query)
    values |= await _within(request, query)
    tag(request, "catalog")
    listing = Listing(tuple(flags), values)
    return page_answer(await list_products(db, totals, listing, order, wanted, lens))


@router.get(
    "/my-products",
    response_model=OwnProductsOut,
    responses={**_LISTS, **refuses(NotAVendor)},
    openapi_extra=documented(OwnListQuery),
)
async def list_of_own_products(request: Request, vendor: ViewingVendor) -> Response:
    """List one's own products, in any status."""
    query = read(OwnListQuery, request)
    values: dict[str, Any] = {"vendor": vendor.id, **query.words("own_word")}
    if query.status is not None:
        values["status"] = query.status
    values |= await _within(request, query)
    page = await list_products(
        await database(request),
        totals_of(request),
        Listing(("kept", *query.flags()), values),
        order_of(query.sort),
        query.page_request(),
        OWN,
    )
    return page_answer(page)


@router.get(
    "/{product_id}",
    response_model=ProductOut | OwnProductOut,
    responses=refuses(ProductNotFound),
    openapi_extra=_OPEN,
)
async def one_product(request: Request, product_id: KeyInPath) -> Response:
    """Show a product by id or slug; its vendor and staff also see it while it is not public.

    A slug that it had before answers 308 with the present address.
    """
    try:
        found, is_own = await _visible(request, product_id)
    except ProductNotFound:
        async with (await database(request)).read() as connection:
            slug = await current_slug(connection, product_id)
        if slug is None:
            raise
        return Response(status_code=308, headers={"location": f"/api/v1/products/{slug}"})
    return product_answer(found, is_own=is_own)


@router.get(
    "/{product_id}/variants",
    response_model=VariantsOut,
    responses=refuses(ProductNotFound),
    openapi_extra=_OPEN,
)
async def variants_of_product(request: Request, product_id: KeyInPath) -> Response:
    """List the variants of a product, the default one first."""
    found, _ = await _visible(request, product_id)
    async with (await database(request)).read() as connection:
        variants = await all_variants(connection, found.id)
    return Response(msgspec.json.encode({"variants": variants}), media_type=JSON)


@router.get(
    "/{product_id}/price-history",
    response_model=PriceHistoryOut,
    responses=refuses(ProductNotFound),
    openapi_extra=_OPEN,
)
async def prices_of_product(request: Request, product_id: KeyInPath) -> Response:
    """Show what a product cost in the last 90 days, and the lowest price of the last 30."""
    found, _ = await _visible(request, product_id)
    async with (await database(request)).read() as connection:
        history = await price_history(connection, found.id)
    return Response(msgspec.json.encode(history), media_type=JSON)


@router.get(
    "/{product_id}/images",
    response_model=ImagesOut,
    responses=refuses(ProductNotFound),
    openapi_extra=_OPEN,
)
async def images_of_product(request: Request, product_id: KeyInPath) -> Response:
    """List the pictures of a product in order."""
    found, _ = await _visible(request, product_id)
    return Response(msgspec.json.encode({"images": found.public().images}), media_type=JSON)


@router.post(
    "",
    status_code=201,
    response_model=OwnProductOut,
    responses=refuses(
        NotAVendor,
        ShopNotOpen,
        FeaturedByStaff,
        SkuTaken,
        OptionsTaken,
        CompareAtPriceTooLow,
        UnknownCategory,
    ),
)
async def offer_product(
    body: ProductIn, vendor: OfferingVendor, tx: InTx, levels: StockOfProducts
) -> Response:
    """Offer a product. It waits for approval, unless the vendor is trusted."""
    product_id = await CatalogService(tx).offer(
        vendor,
        body.fields(),
        variants=[variant.to_variant() for variant in body.variants],
        stock=body.stock,
        levels=levels,
    )
    found = await get_written(tx.connection, product_id)
    return product_answer(found, is_own=True, status=201)


@router.put("/{product_id}", response_model=OwnProductOut, responses=_EDITS)
async def replace_product(
    request: Request,
    product_id: KeyInPath,
    body: ProductReplacement,
    editor: UpdatingEditor,
    tx: InTx,
    levels: StockOfProducts,
) -> Response:
    """Replace what is said of a product; with `If-Match` only if nobody did so meanwhile."""
    catalog = CatalogService(tx)
    product = await catalog.hold(product_id, editor)
    check_if_match(request, etag(product.version))
    await catalog.edit(product, editor, body.fields(), stock=body.stock, levels=levels)
    return product_answer(await get_written(tx.connection, product.id), is_own=True)


@router.patch("/{product_id}", response_model=OwnProductOut, responses=_EDITS)
async def change_product(
    request: Request,
    product_id: KeyInPath,
    body: ProductPatch,
    editor: UpdatingEditor,
    tx: InTx,
    levels: StockOfProducts,
) -> Response:
    """Change some fields of a product; with `If-Match` only if nobody did so meanwhile."""
    catalog = CatalogService(tx)
    product = await catalog.hold(product_id, editor)
    check_if_match(request, etag(product.version))
    fields = body.fields(only_sent=True)
    await catalog.edit(product, editor, fields, stock=body.stock, levels=levels)
    return product_answer(await get_written(tx.connection, product.id), is_own=True)


@router.delete(
    "/{product_id}",
    status_code=204,
    responses=refuses(ProductNotFound, PreconditionFailed, ProductAwaited),
)
async def delete_product(
    request: Request, product_id: KeyInPath, editor: DeletingEditor, tx: InTx
) -> None:
    """Delete a product. Orders keep what they say of it."""
    catalog = CatalogService(tx)
    product = await catalog.hold(product_id, editor)
    check_if_match(request, etag(product.version))
    await catalog.withdraw(product, editor)


async def _visible(request: Request, key: str) -> tuple[FoundProduct, bool]:
    """Return the product if this caller may see it, and whether as its owner or staff."""
    found = await get_product(await database(request), key)
    caller = await caller_of(request)
    is_own = caller is not None and (
        caller.oversees(Permission.PRODUCTS_VIEW)
        or caller.owns(found.owner_id, Permission.PRODUCTS_VIEW)
    )
    if not found.is_public and not is_own:
        raise ProductNotFound
    if not is_own:
        # What its vendor and staff look at is no visit, and is never kept.
        tag(request, f"product:{found.id}", f"vendor:{found.vendor_id}", "categories")
    return found, is_own


async def _within(request: Request, query: FilteredQuery) -> dict[str, Any]:
    """Return the condition that products are of the category asked for, or of one under it."""
    if query.category is None:
        return {}
    branch = await branch_of(await database(request), totals_of(request), query.category)
    return {"category": branch[0]} if len(branch) == 1 else {"branch": branch}


async def _private(request: Request, query: ProductQuery) -> dict[str, Any]:
    """Return the conditions of a list that not everybody may see."""
    caller = await caller_of(request)
    if caller is None:
        raise Unauthorized
    if caller.oversees(Permission.PRODUCTS_VIEW):
        return {"status": query.status}
    if caller.user_type is not UserType.VENDOR or not caller.can(Permission.PRODUCTS_VIEW):
        raise PrivateStatus
    async with (await database(request)).read() as connection:
        vendor = await vendor_of(connection, caller.user_id)
    if query.vendor not in {None, vendor.id}:
        raise PrivateStatus
    return {"status": query.status, "vendor": vendor.id}
