"""What the JSON API of passkeys takes and answers; credentials as browsers write them in JSON."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mestore.accounts.schemas.sign_in import Input
from mestore.accounts.types import Email, Name
from mestore.accounts.types.passkeys import PasskeyView

_BASE64URL = r"^[A-Za-z0-9_-]+={0,2}$"
CredentialId = Annotated[str, Field(min_length=1, max_length=1400, pattern=_BASE64URL)]
ClientData = Annotated[str, Field(min_length=1, max_length=8000, pattern=_BASE64URL)]


class FromBrowser(BaseModel):
    """A part of a credential; browsers add fields as the standard grows, and those are ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class AttestationResponseIn(FromBrowser):
    """What an authenticator answers when it makes a passkey."""

    client_data: Annotated[ClientData, Field(alias="clientDataJSON")]
    attestation_object: Annotated[
        str,
        Field(alias="attestationObject", min_length=1, max_length=32_000, pattern=_BASE64URL),
    ]
    transports: Annotated[
        list[Annotated[str, Field(max_length=20, pattern=r"^[a-z-]+$")]], Field(max_length=10)
    ] = []


class AssertionResponseIn(FromBrowser):
    """What an authenticator answers when it signs."""

    client_data: Annotated[ClientData, Field(alias="clientDataJSON")]
    authenticator_data: Annotated[
        str, Field(alias="authenticatorData", min_length=1, max_length=8000, pattern=_BASE64URL)
    ]
    signature: Annotated[str, Field(min_length=1, max_length=4000, pattern=_BASE64URL)]
    user_handle: Annotated[
        str | None, Field(alias="userHandle", max_length=100, pattern=_BASE64URL)
    ] = None


class CredentialIn(FromBrowser):
    """The fields that every credential has."""

    id: CredentialId
    raw_id: Annotated[CredentialId, Field(alias="rawId")]
    type: Literal["public-key"]

    def as_sent(self) -> dict[str, Any]:
        """Return the credential as the browser wrote it, less what nobody reads."""
        return self.model_dump(by_alias=True, exclude_none=True)


class AttestationIn(CredentialIn):
    """A new passkey."""

    response: AttestationResponseIn


class AssertionIn(CredentialIn):
    """A signature of a passkey."""

    response: AssertionResponseIn


class PasskeyIn(Input):
    """A new passkey, and what its owner calls it."""

    credential: AttestationIn
    name: Name = "Passkey"


class PasskeyLoginOptionsIn(Input):
    """Who wants to sign in, where that is known already."""

    email: Email | None = None


class PasskeyLoginIn(Input):
    """A signature that signs in."""

    credential: AssertionIn


class PasskeysOut(BaseModel):
    """One's passkeys, the oldest first."""

    passkeys: list[PasskeyView]
