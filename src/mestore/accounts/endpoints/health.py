"""HTTP for operators: whether people can sign in."""

from typing import Literal

from pydantic import BaseModel

from mestore.accounts.deps import Policy
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.service.signing import check_signing
from mestore.accounts.views.health import ask_for_nothing
from mestore.kernel.errors import DatabaseUnavailable
from mestore.kernel.http import Db, refuses

router = auth_router()


class AuthHealth(BaseModel):
    """What signing in stands on is well."""

    status: Literal["ok"] = "ok"
    token_signing: Literal["ok"] = "ok"  # noqa: S105  no secret
    database: Literal["ok"] = "ok"


@router.get("/health", responses=refuses(DatabaseUnavailable))
async def auth_health(policy: Policy, db: Db) -> AuthHealth:
    """Sign and read a token, and ask the database for nothing; 503 where one of them fails."""
    check_signing(policy)
    async with db.read() as connection:
        await ask_for_nothing(connection)
    return AuthHealth()
