"""HTTP for signing in through outside providers (OpenID Connect)."""

from typing import Annotated

from fastapi import Depends, Query

from mestore.accounts.deps import (
    CallingDevice,
    ExternalChoices,
    GuestSession,
    IdentityProviders,
    Policy,
)
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.errors import AccountLocked, AccountSuspended
from mestore.accounts.errors.external import (
    AccountEmailUnverified,
    ExternalEmailUnverified,
    ExternalSignInRefused,
    InvalidExternalState,
    ProviderUnavailable,
    RedirectNotAllowed,
    UnknownProvider,
)
from mestore.accounts.schemas.external import ExternalCallbackIn, ProvidersOut, RedirectUri
from mestore.accounts.service.external import ExternalSignIn
from mestore.accounts.types import OpenedSession
from mestore.accounts.types.external import StartedSignIn
from mestore.accounts.types.mfa import MfaRequired
from mestore.kernel.http import Db, refuses

router = auth_router("/oidc")

_FINISH = refuses(
    InvalidExternalState,
    ExternalSignInRefused,
    UnknownProvider,
    ExternalEmailUnverified,
    AccountEmailUnverified,
    AccountSuspended,
    AccountLocked,
    ProviderUnavailable,
)


async def external_sign_in(
    provider: str, db: Db, providers: IdentityProviders, policy: Policy, choices: ExternalChoices
) -> ExternalSignIn:
    """Return the sign-in of the provider that the address names."""
    if provider not in providers:
        raise UnknownProvider()
    return ExternalSignIn(db, providers[provider], policy, choices)


External = Annotated[ExternalSignIn, Depends(external_sign_in)]


@router.get("")
async def providers(providers: IdentityProviders) -> ProvidersOut:
    """List the names of the outside providers that sign people in."""
    return ProvidersOut(providers=sorted(providers))


@router.get(
    "/{provider}/start",
    responses=refuses(UnknownProvider, RedirectNotAllowed, ProviderUnavailable),
)
async def start(sign_in: External, redirect_uri: Annotated[RedirectUri, Query()]) -> StartedSignIn:
    """Return the address where the browser signs in, good for ten minutes.

    Keep `state` in the page, and go on only where the browser comes back with the same one: that is
    what keeps strangers from signing somebody in as themselves.
    """
    return await sign_in.start(redirect_uri)


@router.post("/{provider}/callback", responses=_FINISH)
async def finish(
    sign_in: External,
    body: ExternalCallbackIn,
    device: CallingDevice,
    guest_session: GuestSession = None,
) -> OpenedSession | MfaRequired:
    """Sign in with what the browser came back with. With `Session-ID` the guest's cart comes along.

    The first time, the account with the same verified e-mail is linked, or a buyer's is made. With
    MFA on the answer is an `mfa_token`: go on at POST /auth/mfa/verify.
    """
    return await sign_in.finish(body.code, body.state, body.redirect_uri, device, guest_session)
