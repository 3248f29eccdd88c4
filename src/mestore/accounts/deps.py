"""Who is calling: the dependencies by which endpoints of every room ask for the signed-in user."""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from mestore.accounts.errors import InvalidAccessToken
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.tokens import AccessTokens
from mestore.accounts.types import STAFF, Caller, Device, SignInPolicy, UserType
from mestore.accounts.views import find_caller
from mestore.kernel.clock import now
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, client_ip

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]

IP_LENGTH = 45
USER_AGENT_LENGTH = 300


async def passwords(request: Request) -> Passwords:
    """Return the password hasher of the running program."""
    return cast(Passwords, request.app.state.passwords)


async def sign_in_policy(request: Request) -> SignInPolicy:
    """Return what the operator chose for signing in."""
    return cast(SignInPolicy, request.app.state.sign_in_policy)


PasswordHasher = Annotated[Passwords, Depends(passwords)]
Policy = Annotated[SignInPolicy, Depends(sign_in_policy)]


async def calling_device(request: Request) -> Device:
    """Return where this request comes from, cut to what a session keeps of it."""
    agent = request.headers.get("user-agent", "").replace("\x00", "")
    return Device(client_ip(request)[:IP_LENGTH], agent[:USER_AGENT_LENGTH])


CallingDevice = Annotated[Device, Depends(calling_device)]

GuestSession = Annotated[
    str | None,
    Header(alias="Session-ID", min_length=8, max_length=100, pattern=r"^[\x21-\x7e]+$"),
]
"""The id under which a device shops as a guest."""


async def current_user(credentials: Bearer, policy: Policy, db: Db) -> Caller:
    """Return the signed-in user; 401 without a token that works now."""
    if credentials is None:
        raise Unauthorized()
    claims = AccessTokens(policy).read(credentials.credentials)
    async with db.read() as connection:
        caller = await find_caller(connection, claims.sid, now())
    if caller is None or caller.user_id != claims.sub:
        raise InvalidAccessToken()
    return caller


async def maybe_user(
    request: Request, credentials: Bearer, policy: Policy, db: Db
) -> Caller | None:
    """Return the signed-in user, or None where nobody tried; a bad token is a 401 here too."""
    if "authorization" not in request.headers:
        return None
    return await current_user(credentials, policy, db)


CurrentUser = Annotated[Caller, Depends(current_user)]
MaybeUser = Annotated[Caller | None, Depends(maybe_user)]


def require_type(*allowed: UserType) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency that refuses every caller whose role is not one of `allowed`."""

    async def check(caller: CurrentUser) -> Caller:
        if caller.user_type not in allowed:
            raise Forbidden()
        return caller

    return check


Staff = Annotated[Caller, Depends(require_type(*STAFF))]
