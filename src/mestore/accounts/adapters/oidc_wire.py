"""The wire format of OpenID Connect: discovery, keys, answers for a code, claims of an id_token."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _read_bool(value: object) -> bool:
    # Some providers write this claim as text; all but a plain yes is a no.
    return value is True or value == "true"


def _read_audience(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _read_text(value: object) -> str:
    return value if isinstance(value, str) else ""


Text = Annotated[str, BeforeValidator(_read_text)]


class Wire(BaseModel):
    """Part of an answer; what nobody reads is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Discovery(Wire):
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]

    @property
    def addresses(self) -> tuple[str, str, str]:
        """The addresses that browsers or we are sent to."""
        return self.authorization_endpoint, self.token_endpoint, self.jwks_uri


class KeySet(Wire):
    """The keys that a provider signs with (RFC 7517, section 5)."""

    keys: Annotated[list[dict[str, Any]], Field(max_length=100)]


class TokenAnswer(Wire):
    """What is given for a code; the provider's own access token is not used."""

    id_token: Annotated[str, Field(min_length=1, max_length=20_000, repr=False)]


class Claims(Wire):
    """What an id_token says (OpenID Connect Core 1.0, sections 2 and 5.1)."""

    sub: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
    aud: Annotated[list[str], BeforeValidator(_read_audience)]
    exp: int
    nonce: str
    azp: str | None = None
    email: Text = ""
    email_verified: Annotated[bool, BeforeValidator(_read_bool)] = False
    given_name: Text = ""
    family_name: Text = ""
    name: Text = ""
