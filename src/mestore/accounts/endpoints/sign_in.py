"""HTTP for registering, signing in, one's own profile and one's own sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Request, Response

from mestore.accounts.deps import (
    CallingDevice,
    GuestSession,
    PasswordHasher,
    Policy,
    SignedInUser,
)
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.endpoints.versions import version_of
from mestore.accounts.errors import (
    AccountLocked,
    AccountSuspended,
    AddressBlocked,
    EmailTaken,
    InvalidCredentials,
    InvalidRefreshToken,
    SessionNotFound,
    UsernameTaken,
    UserNotFound,
)
from mestore.accounts.schemas import (
    Done,
    LoginIn,
    ProfileIn,
    RefreshIn,
    RegisterIn,
    Revoked,
    RevokeIn,
    SessionsOut,
)
from mestore.accounts.service.profiles import ProfileService
from mestore.accounts.service.registration import register as register_buyer
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.service.sessions import refresh as refresh_session
from mestore.accounts.service.sign_in import SignIn
from mestore.accounts.types import OpenedSession, UserDetails
from mestore.accounts.types.mfa import MfaRequired
from mestore.accounts.views import OpenSession, all_sessions, find_details
from mestore.kernel.clock import now
from mestore.kernel.errors import PreconditionFailed, Unauthorized
from mestore.kernel.http import Db, InTx, check_if_match, refuses

router = auth_router()

_SIGN_IN = refuses(InvalidCredentials, AccountSuspended, AccountLocked, AddressBlocked)
_SIGNED_IN = refuses(Unauthorized)


@router.post("/register", status_code=201, responses=refuses(EmailTaken, UsernameTaken))
async def register(
    body: RegisterIn,
    device: CallingDevice,
    guest_session: GuestSession = None,
    *,
    db: Db,
    passwords: PasswordHasher,
) -> OpenedSession:
    """Create a buyer's account and sign in. With `Session-ID` the guest's cart comes along."""
    new = body.to_new_user()
    return await register_buyer(db, passwords, new, body.password, device, guest_session)


@router.post("/login", responses=_SIGN_IN)
async def login(
    body: LoginIn,
    device: CallingDevice,
    guest_session: GuestSession = None,
    *,
    db: Db,
    passwords: PasswordHasher,
    policy: Policy,
) -> OpenedSession | MfaRequired:
    """Sign in with e-mail and password. With `Session-ID` the guest's cart comes along.

    With MFA on the answer is an `mfa_token` and no tokens: go on at POST /auth/mfa/verify.
    """
    sign_in = SignIn(db, passwords, policy)
    return await sign_in.with_password(
        body.email, body.password, device, guest_session=guest_session
    )


@router.post("/admin-login", responses=_SIGN_IN)
async def admin_login(
    body: LoginIn, device: CallingDevice, db: Db, passwords: PasswordHasher, policy: Policy
) -> OpenedSession | MfaRequired:
    """Sign in as ADMIN or SUPERUSER; anyone else is answered as for a wrong password."""
    sign_in = SignIn(db, passwords, policy)
    return await sign_in.with_password(body.email, body.password, device, staff_only=True)


@router.post("/refresh", responses=refuses(InvalidRefreshToken))
@router.post("/refresh-token", responses=refuses(InvalidRefreshToken))
async def refresh(body: RefreshIn, device: CallingDevice, db: Db) -> OpenedSession:
    """Exchange a refresh token for new tokens. Each works once: a second use ends the session."""
    return await refresh_session(db, body.refresh_token, device)


@router.post("/logout", responses=_SIGNED_IN)
async def logout(caller: SignedInUser, tx: InTx) -> Done:
    """End this session: its tokens stop working at once."""
    await SessionService(tx).end(caller.session_id, caller.user_id)
    return Done()


@router.get("/me", responses=_SIGNED_IN)
async def me(caller: SignedInUser, db: Db, response: Response) -> UserDetails:
    """Return the signed-in user."""
    async with db.read() as connection:
        found = await find_details(connection, caller.user_id)
    if found is None:
        raise UserNotFound()
    user, changed_at = found
    response.headers["ETag"] = version_of(changed_at)
    return user


@router.put("/me", responses=_SIGNED_IN | refuses(EmailTaken, UsernameTaken, PreconditionFailed))
async def update_me(
    body: ProfileIn,
    caller: SignedInUser,
    device: CallingDevice,
    request: Request,
    response: Response,
    tx: InTx,
) -> UserDetails:
    """Change one's own profile. A changed e-mail or phone has to be verified again."""
    profiles = ProfileService(tx)
    user, seen = await profiles.get(caller.user_id)
    check_if_match(request, version_of(seen))
    await profiles.update(user, body.changes(), seen=seen, device=device)
    user, changed_at = await profiles.get(caller.user_id)
    response.headers["ETag"] = version_of(changed_at)
    return user


@router.get("/sessions", response_model=SessionsOut, responses=_SIGNED_IN)
async def sessions(caller: SignedInUser, db: Db) -> dict[str, list[OpenSession]]:
    """List one's open sessions, the newest first; `current` marks this one."""
    async with db.read() as connection:
        found = await all_sessions(connection, caller.user_id, caller.session_id, now())
    return {"sessions": found}


@router.post("/sessions/revoke-all", responses=_SIGNED_IN)
async def revoke_all(
    caller: SignedInUser, tx: InTx, body: Annotated[RevokeIn | None, Body()] = None
) -> Revoked:
    """End all one's own sessions, or with `keep_current` all but this one."""
    but = caller.session_id if body and body.keep_current else None
    return Revoked(ended=await SessionService(tx).end_all(caller.user_id, but=but))


@router.delete("/sessions/{session_id}", responses=_SIGNED_IN | refuses(SessionNotFound))
async def end_session(session_id: UUID, caller: SignedInUser, tx: InTx) -> Done:
    """End one of one's own sessions."""
    await SessionService(tx).end(session_id, caller.user_id)
    return Done()
