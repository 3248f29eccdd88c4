"""Whose cart a request is about: the dependency that carts and checkout share."""

from typing import Annotated

from fastapi import Depends

from mestore.accounts.deps import GuestSession, MaybeUser
from mestore.carts.errors import SessionIdRequired
from mestore.carts.types import CartOwner, CartPolicies
from mestore.kernel.http import Db
from mestore.pricing.types import TaxPolicy
from mestore.shipping.types import ShippingPolicy


async def cart_owner(user: MaybeUser, session_id: GuestSession = None) -> CartOwner:
    """Return the signed-in buyer, with or without a guest session, or else the guest."""
    if user is None and session_id is None:
        raise SessionIdRequired
    return CartOwner(user.user_id if user else None, session_id)


CurrentCartOwner = Annotated[CartOwner, Depends(cart_owner)]


async def cart_policies(db: Db) -> CartPolicies:
    """Return the operator's choices that decide totals, as a transaction would."""
    return CartPolicies(db.policy(TaxPolicy), db.policy(ShippingPolicy))


CurrentPolicies = Annotated[CartPolicies, Depends(cart_policies)]
