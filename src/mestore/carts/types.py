"""The words of carts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from mestore.pricing.types import TaxPolicy
from mestore.shipping.types import ShippingPolicy

MOST_LINES = 100
MOST_UNITS = 1_000
"""Units that one line may have, sums included."""

_BUYER_KEEPS = timedelta(days=30)
_GUEST_KEEPS = timedelta(days=7)
_CARTS = UUID("0f3d1c0e-6a5b-5c9e-9d0a-5d2b7c1e4a88")


@dataclass(frozen=True, slots=True)
class CartOwner:
    """Whose cart: a buyer's, else a guest session's.

    Where both are given the cart is the buyer's, and what the session collected is taken into it.
    """

    buyer_id: UUID | None = None
    session_id: str | None = None

    @property
    def cart_id(self) -> UUID:
        """Return the id of the owner's cart, which it has before it has a row."""
        # The words keep a session that is named like a buyer out of the buyer's cart.
        who = f"buyer:{self.buyer_id}" if self.buyer_id else f"guest:{self.session_id}"
        return uuid5(_CARTS, who)

    @property
    def keeps(self) -> timedelta:
        """Return how long after its last change the cart is kept at least."""
        return _BUYER_KEEPS if self.buyer_id else _GUEST_KEEPS


class CartLine(NamedTuple):
    """What checkout orders of one line."""

    product_id: UUID
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class CartSnapshot:
    """The lines of a cart as they were at `version`."""

    cart_id: UUID
    version: int
    lines: tuple[CartLine, ...]


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it is stored; `unit_price_minor` is the price when it was added."""

    id: int
    product_id: UUID
    variant_id: UUID
    quantity: int
    unit_price_minor: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCart:
    """A cart as it is stored."""

    id: UUID
    version: int
    expires_at: datetime
    lines: tuple[StoredLine, ...]


@dataclass(frozen=True, slots=True)
class CartPolicies:
    """The operator's choices that decide a cart's totals."""

    tax: TaxPolicy
    shipping: ShippingPolicy
