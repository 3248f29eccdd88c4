"""Signing: what we hand out and believe again, under a key that can be replaced without a break."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
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
        kid = jwt.get_unverified_header(token).get("kid")
        known = {kid_of(secret): secret for secret in reversed(self.policy.secrets)}
        if kid not in known:
            raise jwt.InvalidTokenError("no key of ours has this name")
        claims: dict[str, Any] = jwt.decode(
            token,
            known[kid],
            algorithms=[self.policy.algorithm],
            audience=audience,
            options=options,
        )
        return claims


def check_signing(policy: SignInPolicy) -> None:
    """Sign a token and read it again; what is raised means that nobody can sign in."""
    signer = Signer(policy)
    if signer.read(signer.sign({"sub": "check"}), {}) != {"sub": "check"}:
        raise jwt.InvalidTokenError("a token of ours reads otherwise")
