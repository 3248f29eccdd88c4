"""What endpoints of checkout ask for: whose order it is, and the outside world."""

from typing import Annotated, cast

from fastapi import Depends, Request

from mestore.accounts.deps import GuestSession, MaybeUser
from mestore.accounts.types import Permission
from mestore.checkout.types import Outside, Owner
from mestore.kernel.errors import Unauthorized


async def owner(user: MaybeUser, session: GuestSession = None) -> Owner:
    """Return the buyer of this request: signed in, or a guest by the Session-ID header."""
    if user is not None:
        oversees = user.oversees(Permission.ORDERS_UPDATE)
        return Owner(user.user_id, session, user.email, oversees)
    if session is None:
        raise Unauthorized
    return Owner(None, session, None)


CurrentOwner = Annotated[Owner, Depends(owner)]


async def outside(request: Request) -> Outside:
    """Return the gateways and the database that payments need."""
    return cast(Outside, request.app.state.outside)


World = Annotated[Outside, Depends(outside)]
