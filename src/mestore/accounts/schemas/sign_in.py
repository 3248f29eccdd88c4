"""What the JSON API of accounts takes and answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from mestore.accounts.schemas.pages import (
    Avatar,
    Bio,
    Language,
    Place,
    Preferences,
    Timezone,
    Website,
)
from mestore.accounts.types import (
    Email,
    Line,
    Name,
    NewPassword,
    NewUser,
    Password,
    Phone,
    checked_acceptance,
    refused,
)

Company = Annotated[Line, Field(max_length=200)]
Username = Annotated[str, Field(min_length=3, max_length=50, pattern=r"^[A-Za-z0-9_]+$")]
_NEVER_EMPTY = ("first_name", "last_name", "email", "marketing_consent", "preferences")


class Input(BaseModel):
    """A body: unknown fields are refused, spaces around texts are dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class RegisterIn(Input):
    """A person who wants to buy."""

    email: Email
    password: Annotated[NewPassword, Field(repr=False)]
    first_name: Name
    last_name: Name
    phone: Phone | None = None
    company: Company | None = None
    username: Username | None = None
    accept_terms: Annotated[StrictBool, AfterValidator(checked_acceptance)] = True
    marketing_consent: StrictBool | None = None

    def to_new_user(self) -> NewUser:
        """Return the buyer to add."""
        given = self.model_dump(exclude={"password", "accept_terms"})
        return NewUser(**given)


class LoginIn(Input):
    """Credentials."""

    email: Email
    password: Annotated[Password, Field(repr=False)]


class RefreshIn(Input):
    """A refresh token to exchange."""

    refresh_token: Annotated[Line, Field(min_length=1, max_length=200, repr=False)]


class ProfileIn(Input):
    """What to change of one's own profile; fields that are left out stay as they are."""

    first_name: Name | None = None
    last_name: Name | None = None
    phone: Phone | None = None
    company: Company | None = None
    username: Username | None = None
    email: Email | None = None
    marketing_consent: StrictBool | None = None
    avatar_url: Avatar | None = None
    bio: Bio | None = None
    website: Website | None = None
    location: Place | None = None
    timezone: Timezone | None = None
    language: Language | None = None
    preferences: Preferences | None = None

    @model_validator(mode="after")
    def check_empty(self) -> "ProfileIn":
        """Refuse null where there must be a value."""
        for name in _NEVER_EMPTY:
            if name in self.model_fields_set and getattr(self, name) is None:
                raise refused(f"{name} cannot be null.", f"{name} no puede ser null.")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return self.model_dump(exclude_unset=True)


class RevokeIn(Input):
    """Which of one's own sessions to end."""

    keep_current: StrictBool = False


class Done(BaseModel):
    """It is done."""

    success: bool = True


class Revoked(Done):
    """How many sessions were ended."""

    ended: int


class SessionOut(BaseModel):
    """A place where one is signed in."""

    id: UUID
    ip_address: str
    user_agent: str
    created_at: datetime
    last_seen: datetime
    current: bool


class SessionsOut(BaseModel):
    """One's open sessions, the newest first."""

    sessions: list[SessionOut]
