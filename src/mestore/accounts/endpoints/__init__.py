"""HTTP for accounts; one file a topic."""

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

routers = (
    sign_in.router,
    verification.router,
    recovery.router,
    mfa.router,
    passkeys.router,
    external.router,
    health.router,
    api_keys.router,
)
users_routers = (users.router, permissions.router)

__all__ = ["routers", "users_routers"]
