"""HTTP for accounts; one file a topic."""

from fastapi import Depends

from mestore.accounts.deps import calling_device
from mestore.accounts.endpoints import (
    api_keys,
    external,
    health,
    mfa,
    passkeys,
    permissions,
    recovery,
    sign_in,
    users,
    verification,
)
from mestore.kernel.routing import Router

# Asked for by every endpoint, so that each security event is logged with its address.
router = Router(prefix="/auth", tags=["auth"], dependencies=[Depends(calling_device)])
router.include_router(sign_in.router)
router.include_router(verification.router)
router.include_router(recovery.router)
router.include_router(mfa.router)
router.include_router(passkeys.router)
router.include_router(external.router)
router.include_router(health.router)

router.include_router(api_keys.router)

users_router = Router()
users_router.include_router(users.router)
users_router.include_router(permissions.router)

__all__ = ["router", "users_router"]
