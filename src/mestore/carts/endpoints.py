"""HTTP for carts: parse, call one service method, answer the cart."""

import msgspec
from fastapi import Response

from mestore.accounts.deps import CurrentUser
from mestore.carts.deps import CurrentCartOwner, CurrentPolicies
from mestore.carts.errors import (
    CartFull,
    CartItemNotFound,
    LineNotAvailable,
    ProductNotOnSale,
    QuantityTooLarge,
    SessionIdRequired,
)
from mestore.carts.schemas import CartOut, ChangedCartOut, MergeIn, NewItemIn, QuantityIn
from mestore.carts.service import changed
from mestore.carts.types import CartOwner
from mestore.carts.views import CartView, CartViews
from mestore.inventory.errors import InsufficientStock, VariantRequired
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.routing import Router

router = Router(prefix="/cart", tags=["cart"])


_ADDING = refuses(
    SessionIdRequired,
    ProductNotOnSale,
    InsufficientStock,
    CartFull,
    VariantRequired,
    QuantityTooLarge,
)
_CHANGING = refuses(SessionIdRequired, CartItemNotFound, LineNotAvailable, InsufficientStock)
_REMOVING = refuses(SessionIdRequired, CartItemNotFound)


@router.get("", response_model=CartOut, responses=refuses(SessionIdRequired))
async def get_cart(owner: CurrentCartOwner, policies: CurrentPolicies, db: Db) -> Response:
    """Return the cart at live prices. A buyer's `Session-ID` brings its guest cart along."""
    async with db.read() as connection:
        views = CartViews(connection, policies)
        own, guest = await views.find(owner)
        if guest is None:
            return _json(await views.show(owner, own))
    return _json(await changed(db, lambda carts: carts.merge(owner)))


@router.post("/items", status_code=201, response_model=ChangedCartOut, responses=_ADDING)
async def add_item(body: NewItemIn, owner: CurrentCartOwner, db: Db) -> Response:
    """Add a product; a line that is there already grows by the quantity."""
    cart = await changed(
        db, lambda carts: carts.add(owner, body.product_id, body.variant_id, body.quantity)
    )
    return _answer(cart, 201)


@router.put("/items/{item_id}", response_model=ChangedCartOut, responses=_CHANGING)
async def set_quantity(
    item_id: RowId, body: QuantityIn, owner: CurrentCartOwner, db: Db
) -> Response:
    """Change the quantity of a line."""
    return _answer(
        await changed(db, lambda carts: carts.set_quantity(owner, item_id, body.quantity))
    )


@router.delete("/items/{item_id}", response_model=ChangedCartOut, responses=_REMOVING)
async def remove_item(item_id: RowId, owner: CurrentCartOwner, db: Db) -> Response:
    """Take a line out."""
    return _answer(await changed(db, lambda carts: carts.remove(owner, item_id)))


@router.delete("", response_model=ChangedCartOut, responses=refuses(SessionIdRequired))
async def clear_cart(owner: CurrentCartOwner, db: Db) -> Response:
    """Take all lines out."""
    return _answer(await changed(db, lambda carts: carts.clear(owner)))


@router.post("/merge", response_model=ChangedCartOut, responses=refuses(Unauthorized))
async def merge_cart(body: MergeIn, caller: CurrentUser, db: Db) -> Response:
    """Take a guest session's cart into one's own; a repeat changes nothing."""
    owner = CartOwner(caller.user_id, body.session_id)
    return _answer(await changed(db, lambda carts: carts.merge(owner)))


def _json(cart: CartView) -> Response:
    return Response(msgspec.json.encode(cart), media_type="application/json")


def _answer(cart: CartView, status_code: int = 200) -> Response:
    body = msgspec.json.encode({"success": True, "cart": cart})
    return Response(body, status_code, media_type="application/json")
