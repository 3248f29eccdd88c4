"""HTTP for what users may do beyond their role: people only, API keys are refused."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.deps import CallingDevice, require_person
from mestore.accounts.errors import (
    AccountErased,
    ApiKeyNotAllowed,
    ExpiryInThePast,
    NotOnYourself,
    PermissionNotHeld,
    RoleTooHigh,
    UserNotFound,
)
from mestore.accounts.schemas.users import PermissionsIn, PermissionsOut
from mestore.accounts.service.permissions import change_permissions
from mestore.accounts.types import Caller, Permission
from mestore.accounts.views import find_matrix
from mestore.kernel.clock import now
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, refuses
from mestore.kernel.routing import Router

router = Router(prefix="/users/{user_id}/permissions", tags=["users"])

_REFUSED = (Unauthorized, Forbidden, ApiKeyNotAllowed, UserNotFound)
_CHANGES = (AccountErased, NotOnYourself, PermissionNotHeld, RoleTooHigh, ExpiryInThePast)

Viewing = Annotated[Caller, Depends(require_person(Permission.USERS_VIEW))]
Granting = Annotated[Caller, Depends(require_person(Permission.USERS_PERMISSIONS))]


@router.get("", response_model=PermissionsOut, responses=refuses(*_REFUSED))
async def permissions_of_user(user_id: UUID, _: Viewing, db: Db) -> Response:
    """Show every permission with what a user has of it now, where from and until when."""
    async with db.read() as connection:
        return await _matrix(connection, user_id)


@router.put("", response_model=PermissionsOut, responses=refuses(*_REFUSED, *_CHANGES))
async def set_permissions(
    user_id: UUID, body: PermissionsIn, caller: Granting, device: CallingDevice, tx: InTx
) -> Response:
    """Grant, revoke and reset permissions of a user; they count with the next request."""
    await change_permissions(
        tx,
        caller,
        user_id,
        grant={grant.permission: grant.expires_at for grant in body.grant},
        revoke=body.revoke,
        reset=body.reset,
        device=device,
    )
    return await _matrix(tx.connection, user_id)


async def _matrix(connection: AsyncConnection, user_id: UUID) -> Response:
    found = await find_matrix(connection, user_id, now())
    if found is None:
        raise UserNotFound()
    role, lines = found
    answer = {
        "user_id": user_id,
        "user_type": role,
        "effective": [line.permission for line in lines if line.allowed],
        "permissions": lines,
    }
    return Response(msgspec.json.encode(answer), media_type="application/json")
