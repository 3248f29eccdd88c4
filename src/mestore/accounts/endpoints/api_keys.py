"""HTTP for one's own API keys. They are made by people: no key makes another."""

from uuid import UUID

import msgspec
from fastapi import Response

from mestore.accounts.deps import CallingDevice, CurrentUser
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.errors import (
    ApiKeyNotAllowed,
    ApiKeyNotFound,
    ExpiryInThePast,
    PermissionNotHeld,
    TooManyApiKeys,
)
from mestore.accounts.schemas import Done
from mestore.accounts.schemas.users import ApiKeyIn, ApiKeysOut, NewApiKeyOut
from mestore.accounts.service.api_keys import ApiKeyService
from mestore.accounts.views import all_keys
from mestore.kernel.clock import now
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, refuses

router = auth_router("/api-keys")

_PEOPLE = refuses(Unauthorized, ApiKeyNotAllowed)


@router.post(
    "",
    status_code=201,
    response_model=NewApiKeyOut,
    responses=_PEOPLE | refuses(Forbidden, PermissionNotHeld, TooManyApiKeys, ExpiryInThePast),
)
async def add_key(body: ApiKeyIn, caller: CurrentUser, device: CallingDevice, tx: InTx) -> Response:
    """Make a key with some of one's own permissions, as a vendor or operator.

    `key` is shown only now. Send it as `Authorization: Bearer msk_…` or as `X-API-Key`.
    """
    made, key = await ApiKeyService(tx).add(
        caller, body.name, body.permissions, body.expires_at, device
    )
    answer = msgspec.structs.asdict(made) | {"key": key}
    return Response(msgspec.json.encode(answer), 201, media_type="application/json")


@router.get("", response_model=ApiKeysOut, responses=_PEOPLE)
async def list_keys(caller: CurrentUser, db: Db) -> Response:
    """List one's own keys that work, the newest first; `last_used_at` is exact to a minute."""
    async with db.read() as connection:
        found = await all_keys(connection, caller.user_id, now())
    return Response(msgspec.json.encode({"api_keys": found}), media_type="application/json")


@router.delete("/{key_id}", responses=_PEOPLE | refuses(ApiKeyNotFound))
async def revoke_key(key_id: UUID, caller: CurrentUser, device: CallingDevice, tx: InTx) -> Done:
    """Revoke one of one's own keys; it stops working at once."""
    await ApiKeyService(tx).revoke(key_id, caller, device)
    return Done()
