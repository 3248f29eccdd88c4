"""What the JSON API of verification and recovery takes and answers."""

from typing import Annotated

from pydantic import Field

from mestore.accounts.schemas.sign_in import Done, Input
from mestore.accounts.types import Email, Line, NewPassword, Password

LinkToken = Annotated[Line, Field(min_length=1, max_length=200, repr=False)]


class CodeIn(Input):
    """A one-time code as it was received."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$", repr=False)]


class TokenIn(Input):
    """The token of a mailed link."""

    token: LinkToken


class ForgotPasswordIn(Input):
    """Whose password was forgotten."""

    email: Email


class ResetPasswordIn(TokenIn):
    """The token of a reset link, and the password to set."""

    new_password: Annotated[NewPassword, Field(repr=False)]


class ChangePasswordIn(Input):
    """The password one has, and the one to set."""

    current_password: Annotated[Password, Field(repr=False)]
    new_password: Annotated[NewPassword, Field(repr=False)]


class CodeOnItsWay(Done):
    """A code is being sent: seconds that it works, and seconds until one may ask again."""

    expires_in: int
    retry_after: int


class Accepted(Done):
    """The request was taken; whether it has an effect is not said."""

    message: str
