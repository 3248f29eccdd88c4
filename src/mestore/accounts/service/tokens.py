"""Tokens: signed access tokens that name a session, and random refresh tokens stored by digest."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import jwt
import msgspec
from jwt.types import Options

from mestore.accounts.errors import InvalidAccessToken
from mestore.accounts.service.signing import Signer
from mestore.accounts.types import SignInPolicy, UserProfile
from mestore.kernel.clock import now

# Expiry is checked against kernel.clock below; PyJWT would ask the system's clock.
_CHECKS: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "require": ["exp", "iat", "sub", "sid"],
}


class Claims(msgspec.Struct, frozen=True):
    """What of an access token is believed; who the caller is comes from the session's row."""

    sub: UUID
    sid: UUID
    exp: int


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Signs and reads access tokens with the one algorithm that the operator chose."""

    policy: SignInPolicy

    def issue(self, user: UserProfile, session_id: UUID, moment: datetime) -> str:
        """Return a token for one session of `user`, good for `policy.access`."""
        claims = {
            "sub": str(user.id),
            "user_id": str(user.id),
            "user_type": user.user_type.value,
            "email": user.email,
            "sid": str(session_id),
            "iat": int(moment.timestamp()),
            "exp": int((moment + self.policy.access).timestamp()),
        }
        return Signer(self.policy).sign(claims)

    def read(self, token: str) -> Claims:
        """Return the claims of a token that we signed and that has not expired."""
        try:
            claims = msgspec.convert(Signer(self.policy).read(token, _CHECKS), Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
            raise InvalidAccessToken() from error
        if claims.exp <= now().timestamp():
            raise InvalidAccessToken()
        return claims


def new_refresh_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def digest_of(refresh_token: str) -> str:
    """Return what is stored of a refresh token; random bits need no slow hash."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()
