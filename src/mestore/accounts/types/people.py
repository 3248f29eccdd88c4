"""The words about users as operators and the users themselves see them."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from mestore.accounts.types.access import UserType
from mestore.accounts.types.users import UserProfile


@dataclass(frozen=True, slots=True)
class UserDetails(UserProfile):
    """A user with what they say of themselves."""

    avatar_url: str | None
    bio: str | None
    website: str | None
    location: str | None
    timezone: str | None
    language: str | None
    preferences: dict[str, Any]


PAGE_FIELDS = tuple(
    field.name
    for field in fields(UserDetails)
    if field.name not in {known.name for known in fields(UserProfile)}
)
"""The fields of a personal page."""


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users to list."""

    search: str | None = None
    role: UserType | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one user of a bulk update; `code` is the refusal's."""

    id: UUID
    success: bool
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """From one instant up to another."""

    start: datetime
    end: datetime
