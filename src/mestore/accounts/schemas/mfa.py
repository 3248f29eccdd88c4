"""What the JSON API of two-step sign-in takes and answers."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from mestore.accounts.schemas.passkeys import AssertionIn
from mestore.accounts.schemas.sign_in import Done, Input
from mestore.accounts.types import Line, Password, refused

Code = Annotated[str, Field(min_length=6, max_length=20, pattern=r"^[0-9A-Za-z -]+$")]
"""Six digits of an app, or a backup code; spaces and hyphens do not count."""


class MfaVerifyIn(Input):
    """A first code of an app, or with `mfa_token` the second step of a sign-in."""

    mfa_token: Annotated[Line | None, Field(min_length=1, max_length=2000, repr=False)] = None
    code: Annotated[Code | None, Field(repr=False)] = None
    passkey: AssertionIn | None = None

    @model_validator(mode="after")
    def check_proof(self) -> "MfaVerifyIn":
        """Refuse all but one proof; a passkey finishes a sign-in and nothing else."""
        if (self.code is None) == (self.passkey is None):
            raise refused("Send a code or a passkey.", "Envía un código o una llave de acceso.")
        if self.passkey is not None and self.mfa_token is None:
            raise refused(
                "A passkey needs the mfa_token.", "La llave de acceso necesita el mfa_token."
            )
        return self


class MfaDisableIn(Input):
    """What it takes to turn two-step sign-in off."""

    password: Annotated[Password, Field(repr=False)]
    code: Annotated[Code, Field(repr=False)]


class MfaStatus(Done):
    """Whether signing in needs a second step from now on."""

    mfa_enabled: bool


class BackupCodesOut(BaseModel):
    """Ten codes that are shown this once; each works once."""

    backup_codes: list[str]
