"""HTTP for passkeys. Options are answered as `PublicKeyCredential.parse…FromJSON()` takes them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body

from mestore.accounts.deps import CallingDevice, CurrentUser, GuestSession, PasskeyChoices
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.errors import AccountLocked, AccountSuspended
from mestore.accounts.errors.mfa import (
    InvalidPasskey,
    PasskeyNotFound,
    PasskeyRejected,
    PasskeyTaken,
    TooManyPasskeys,
)
from mestore.accounts.schemas import Done
from mestore.accounts.schemas.passkeys import (
    PasskeyIn,
    PasskeyLoginIn,
    PasskeyLoginOptionsIn,
    PasskeysOut,
)
from mestore.accounts.service.passkeys import Passkeys, PasskeyService
from mestore.accounts.service.second_step import sign_in_with_passkey
from mestore.accounts.types import OpenedSession
from mestore.accounts.types.passkeys import PasskeyView
from mestore.accounts.views.passkeys import all_passkeys
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, InTx, refuses

router = auth_router("/passkeys")

_SIGNED_IN = refuses(Unauthorized)


@router.post("/register/options", responses=_SIGNED_IN | refuses(TooManyPasskeys))
async def offer_registration(caller: CurrentUser, tx: InTx) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create()`, good for five minutes."""
    return await PasskeyService(tx).offer_registration(caller)


@router.post(
    "/register/verify",
    status_code=201,
    responses=_SIGNED_IN | refuses(PasskeyRejected, PasskeyTaken, TooManyPasskeys),
)
async def register(
    body: PasskeyIn, caller: CurrentUser, db: Db, passkeys: PasskeyChoices
) -> PasskeyView:
    """Add the passkey that the browser made."""
    credential = body.credential.as_sent()
    return await Passkeys(db, passkeys).register(caller.user_id, credential, body.name)


@router.get("", responses=_SIGNED_IN)
async def own_passkeys(caller: CurrentUser, db: Db) -> PasskeysOut:
    """List one's passkeys, the oldest first."""
    async with db.read() as connection:
        return PasskeysOut(passkeys=await all_passkeys(connection, caller.user_id))


@router.delete("/{passkey_id}", responses=_SIGNED_IN | refuses(PasskeyNotFound))
async def remove(passkey_id: UUID, caller: CurrentUser, tx: InTx) -> Done:
    """Delete one of one's passkeys: it no longer signs in."""
    await PasskeyService(tx).remove(passkey_id, caller.user_id)
    return Done()


@router.post("/login/options")
async def offer_sign_in(
    tx: InTx, body: Annotated[PasskeyLoginOptionsIn | None, Body()] = None
) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get()`, good for five minutes."""
    return await PasskeyService(tx).offer_sign_in(body.email if body else None)


@router.post("/login/verify", responses=refuses(InvalidPasskey, AccountLocked, AccountSuspended))
async def sign_in(
    body: PasskeyLoginIn,
    device: CallingDevice,
    guest_session: GuestSession = None,
    *,
    db: Db,
    passkeys: PasskeyChoices,
) -> OpenedSession:
    """Sign in with a passkey, which counts as both factors."""
    signed = await Passkeys(db, passkeys).check(body.credential.as_sent())
    return await sign_in_with_passkey(db, signed, device, guest_session)
