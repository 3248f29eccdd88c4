"""What the routers of signing in have in common."""

from fastapi import Depends

from mestore.accounts.deps import calling_device
from mestore.kernel.routing import Router


def auth_router(prefix: str = "") -> Router:
    """Return a router below `/auth`.

    Its endpoints all ask for the device, so that each security event is logged with its address.
    """
    dependencies = [Depends(calling_device)]
    return Router(prefix=f"/auth{prefix}", tags=["auth"], dependencies=dependencies)
