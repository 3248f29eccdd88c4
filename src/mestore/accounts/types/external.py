"""The words of signing in through an outside provider."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class OidcClient(BaseModel):
    """How this program is known to one OpenID Connect provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: SecretStr
    scopes: Annotated[str, Field(pattern=r"^openid( [\x21-\x7e]+)*$")] = "openid email profile"


@dataclass(frozen=True, slots=True)
class ExternalPolicy:
    """Where browsers may come back to, and how long they may take.

    `{provider}` in an address stands for the name of the provider.
    """

    redirect_uris: tuple[str, ...] = ()
    lasts: timedelta = timedelta(minutes=10)

    def allows(self, provider: str, redirect_uri: str) -> bool:
        """Say whether a provider may send browsers to exactly this address."""
        allowed = (each.replace("{provider}", provider) for each in self.redirect_uris)
        return redirect_uri in allowed


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a provider is sent along: it comes back with the answer, and proves that it is ours."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """Where to send the browser. The page keeps `state` and compares it when it comes back."""

    authorization_url: str
    state: str


@dataclass(frozen=True, slots=True)
class ExternalPerson:
    """Who somebody is to a provider; `subject` never changes there, the e-mail may."""

    subject: str
    email: str | None
    email_verified: bool
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class WaitingSignIn:
    """A sign-in that was begun and has not come back."""

    id: UUID
    provider: str
    redirect_uri: str
    sealed: str
