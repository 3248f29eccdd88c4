"""The cart's JSON: what clients send and see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from mestore.carts.types import MOST_UNITS

Quantity = Annotated[int, Field(ge=1, le=MOST_UNITS, strict=True)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class NewItemIn(_Input):
    """What to add; `variant_id` may be left out where the product has only one variant."""

    product_id: UUID
    variant_id: UUID | None = None
    quantity: Quantity = 1


class QuantityIn(_Input):
    """The new quantity of a line; DELETE takes a line out."""

    quantity: Quantity


class MergeIn(_Input):
    """The guest session whose cart is taken over."""

    session_id: Annotated[str, Field(min_length=8, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class CartItemOut(BaseModel):
    """A line: what it cost when it was added, what it costs now, and what has become of it.

    `warnings` are PRICE_CHANGED, INSUFFICIENT_STOCK, BACKORDER (some units are still to
    arrive) and NOT_AVAILABLE; `available` says that the
    line can be ordered as it is. A line that is not sold any more counts nothing.
    """

    id: int
    product_id: UUID
    variant_id: UUID
    name: str
    sku: str
    image_url: str | None
    quantity: int
    unit_price: float
    current_price: float
    line_total: float
    available: bool
    warnings: list[str]


class CartOut(BaseModel):
    """A cart with its totals in pesos; `item_count` counts units."""

    id: UUID
    items: list[CartItemOut]
    item_count: int
    subtotal: float
    tax_amount: float
    shipping_amount: float
    total_amount: float
    currency: str
    expires_at: datetime


class ChangedCartOut(BaseModel):
    """The cart after a change."""

    success: bool
    cart: CartOut
