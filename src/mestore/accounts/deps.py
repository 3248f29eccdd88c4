"""Who is calling: the dependencies by which endpoints of every room ask for the signed-in user."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, cast

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from mestore.accounts.errors import ApiKeyNotAllowed, InvalidAccessToken, RecentSignInRequired
from mestore.accounts.errors.mfa import MfaEnrollmentRequired
from mestore.accounts.ports import IdentityProvider
from mestore.accounts.service.acts import remember_origin
from mestore.accounts.service.api_keys import KEY_START, caller_of_key
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.tokens import AccessTokens
from mestore.accounts.types import STAFF, Caller, Device, Permission, SignInPolicy, UserType
from mestore.accounts.types.external import ExternalPolicy
from mestore.accounts.types.passkeys import PasskeyPolicy
from mestore.accounts.views import find_caller, signed_in_at
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, client_ip, database

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]

KEY_HEADER = "x-api-key"
_key = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")
KeyHeader = Annotated[str | None, Security(_key)]

IP_LENGTH = 45
USER_AGENT_LENGTH = 300


async def passwords(request: Request) -> Passwords:
    """Return the password hasher of the running program."""
    return cast(Passwords, request.app.state.passwords)


async def sign_in_policy(request: Request) -> SignInPolicy:
    """Return what the operator chose for signing in."""
    return cast(SignInPolicy, request.app.state.sign_in_policy)


async def passkey_policy(request: Request) -> PasskeyPolicy:
    """Return whom passkeys are made for."""
    return cast(PasskeyPolicy, request.app.state.passkey_policy)


async def identity_providers(request: Request) -> Mapping[str, IdentityProvider]:
    """Return the outside providers that sign people in, by name."""
    return cast(Mapping[str, IdentityProvider], request.app.state.identity_providers)


async def external_policy(request: Request) -> ExternalPolicy:
    """Return where outside providers may send browsers."""
    return cast(ExternalPolicy, request.app.state.external_policy)


PasswordHasher = Annotated[Passwords, Depends(passwords)]
Policy = Annotated[SignInPolicy, Depends(sign_in_policy)]
PasskeyChoices = Annotated[PasskeyPolicy, Depends(passkey_policy)]
IdentityProviders = Annotated[Mapping[str, IdentityProvider], Depends(identity_providers)]
ExternalChoices = Annotated[ExternalPolicy, Depends(external_policy)]


async def calling_device(request: Request) -> Device:
    """Return where this request comes from, cut to what a session keeps of it."""
    agent = request.headers.get("user-agent", "").replace("\x00", "")
    device = Device(client_ip(request)[:IP_LENGTH], agent[:USER_AGENT_LENGTH])
    remember_origin(device.ip_address)
    return device


CallingDevice = Annotated[Device, Depends(calling_device)]

GuestSession = Annotated[
    str | None,
    Header(alias="Session-ID", min_length=8, max_length=100, pattern=r"^[\x21-\x7e]+$"),
]
"""The id under which a device shops as a guest."""


# The settings and the database are fetched, not declared: FastAPI would solve them anew for each of
# these, and nearly every endpoint asks for one.
async def _signed_in(request: Request, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    """Return who calls, by access token or API key; 401 without one that works now."""
    caller = await _identified(request, credentials)
    remember_origin(client_ip(request)[:IP_LENGTH], caller)
    return caller


async def _identified(request: Request, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    db = await database(request)
    if credentials is None:
        key = request.headers.get(KEY_HEADER)
        if key is None or "authorization" in request.headers:
            raise Unauthorized()
        return await caller_of_key(db, key)
    token = credentials.credentials
    if token.startswith(KEY_START):
        return await caller_of_key(db, token)
    claims = AccessTokens(await sign_in_policy(request)).read(token)
    caller = await find_caller(db, claims.sid, now())
    if caller is None or caller.user_id != claims.sub:
        raise InvalidAccessToken()
    return caller


async def _enrolled(request: Request, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    """Return who calls like `_signed_in`; 403 where the role needs MFA and it is not on."""
    caller = await _signed_in(request, credentials)
    policy = await sign_in_policy(request)
    if caller.user_type in policy.mfa_required_roles and not caller.mfa_enabled:
        raise MfaEnrollmentRequired()
    return caller


async def any_caller(request: Request, credentials: Bearer, _: KeyHeader) -> Caller:
    """Return who calls, a person or an API key: for endpoints that then ask for a permission."""
    return await _enrolled(request, credentials)


async def maybe_caller(request: Request, credentials: Bearer) -> Caller | None:
    """Return who calls, a person or an API key, or None where nobody tried."""
    if not has_credentials(request):
        return None
    return await _enrolled(request, credentials)


async def current_user(request: Request, credentials: Bearer) -> Caller:
    """Return the signed-in user; 401 without a token that works now, 403 for an API key."""
    return _person(await _enrolled(request, credentials))


async def signed_in_user(request: Request, credentials: Bearer) -> Caller:
    """Return the signed-in user, also one who first has to turn on the MFA that the role needs.

    Only for what is needed to do that, and to leave.
    """
    return _person(await _signed_in(request, credentials))


async def maybe_user(request: Request, credentials: Bearer) -> Caller | None:
    """Return the signed-in user, or None where nobody tried; a bad token is a 401 here too."""
    if not has_credentials(request):
        return None
    return await current_user(request, credentials)


def _person(caller: Caller) -> Caller:
    if caller.key_id is not None:
        raise ApiKeyNotAllowed()
    return caller


def has_credentials(request: Request) -> bool:
    """Say whether somebody tried to say who they are."""
    return "authorization" in request.headers or KEY_HEADER in request.headers


AnyCaller = Annotated[Caller, Depends(any_caller)]
MaybeCaller = Annotated[Caller | None, Depends(maybe_caller)]
CurrentUser = Annotated[Caller, Depends(current_user)]
SignedInUser = Annotated[Caller, Depends(signed_in_user)]
MaybeUser = Annotated[Caller | None, Depends(maybe_user)]


async def recent_user(caller: CurrentUser, policy: Policy, db: Db) -> Caller:
    """Return the signed-in user; 403 where the sign-in is too old for what cannot be undone."""
    async with db.read() as connection:
        opened_at = await signed_in_at(connection, caller.session_id)
    if now() - opened_at > policy.recent:
        raise RecentSignInRequired(minutes=int(policy.recent.total_seconds() // 60))
    return caller


RecentUser = Annotated[Caller, Depends(recent_user)]


def require_type(*allowed: UserType) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency that refuses every caller whose role is not one of `allowed`."""

    async def check(caller: CurrentUser) -> Caller:
        if caller.user_type not in allowed:
            raise Forbidden()
        return caller

    return check


Staff = Annotated[Caller, Depends(require_type(*STAFF))]


def require(permission: Permission) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency that refuses every caller, person or API key, without a permission."""

    async def check(caller: AnyCaller) -> Caller:
        if not caller.can(permission):
            raise Forbidden()
        return caller

    return check


def require_person(permission: Permission) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency like `require` that refuses API keys, whatever they may do."""

    async def check(caller: CurrentUser) -> Caller:
        if not caller.can(permission):
            raise Forbidden()
        return caller

    return check


def require_recent(
    permission: Permission,
) -> Callable[[Caller, SignInPolicy, Database], Awaitable[Caller]]:
    """Return the dependency like `require_person` that also refuses an old sign-in."""

    async def check(caller: CurrentUser, policy: Policy, db: Db) -> Caller:
        if not caller.can(permission):
            raise Forbidden()
        return await recent_user(caller, policy, db)

    return check
