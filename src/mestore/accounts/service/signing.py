"""Signing: what we hand out and believe again, under a key that can be replaced without a break."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from jwt.types import Options

from mestore.accounts.types import SignInPolicy


def kid_of(secret: str) -> str:
    """Return the name of a key: the first eight hex digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with the present key, and reads what that or a key of before has signed.

    Only the algorithm that the operator chose counts, whatever a token says.
    """

    policy: SignInPolicy

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token (RFC 7519) whose header names its key."""
        secret = self.policy.secret
        headers = {"kid": kid_of(secret)}
        return jwt.encode(dict(claims), secret, algorithm=self.policy.algorithm, headers=headers)

    def read(self, token: str, options: Options, audience: str | None = None) -> dict[str, Any]:
        """Return the claims of a token; raises jwt's `InvalidTokenError`, also for unknown keys."""
        key = _keys(self.policy).get(_kid_in(token.partition(".")[0]))
        if key is None:
            raise jwt.InvalidTokenError("no key of ours has this name")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[self.policy.algorithm],
            audience=audience,
            options=options,
        )
        return claims


@lru_cache(8)
def _keys(policy: SignInPolicy) -> dict[str | None, jwt.PyJWK]:
    """Return our keys by their names, made once: the present one comes before those of before."""
    found: dict[str | None, jwt.PyJWK] = {}
    for secret in reversed(policy.secrets):
        value = urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
        found[kid_of(secret)] = jwt.PyJWK({"kty": "oct", "k": value}, policy.algorithm)
    return found


@lru_cache(64)
def _kid_in(header: str) -> str | None:
    """Return the key that the header of a token names: it is nearly always the same header."""
    found: str | None = jwt.get_unverified_header(f"{header}..").get("kid")
    return found


def check_signing(policy: SignInPolicy) -> None:
    """Sign a token and read it again; what is raised means that nobody can sign in."""
    signer = Signer(policy)
    if signer.read(signer.sign({"sub": "check"}), {}) != {"sub": "check"}:
        raise jwt.InvalidTokenError("a token of ours reads otherwise")
