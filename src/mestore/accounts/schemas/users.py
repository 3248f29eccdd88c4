"""What the endpoints about users, their permissions and API keys take and answer."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StrictBool, model_validator

from mestore.accounts.schemas.pages import Language, Timezone
from mestore.accounts.schemas.sign_in import Company, Done, Input, Username
from mestore.accounts.types import (
    Activity,
    BulkResult,
    Email,
    Line,
    Name,
    NewPassword,
    NewUser,
    Permission,
    Phone,
    Source,
    UserProfile,
    UserType,
    refused,
)
from mestore.kernel.paging import PaginationOut

MOST_IDS = 100
LONGEST_PERIOD_DAYS = 366


def _checked_distinct(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise refused("Name every user once.", "Nombra a cada usuario una sola vez.")
    return ids


Reason = Annotated[Line, Field(min_length=1, max_length=500)]
Words = Annotated[list[Permission], Field(max_length=len(Permission))]


class NewUserIn(Input):
    """A user to add as an operator. Without a password they are asked to set one by mail."""

    email: Email
    first_name: Name
    last_name: Name
    user_type: UserType = UserType.BUYER
    password: NewPassword | None = Field(None, repr=False)
    phone: Phone | None = None
    company: Company | None = None
    username: Username | None = None

    def to_new_user(self) -> NewUser:
        """Return the user to add."""
        return NewUser(**self.model_dump(exclude={"password"}))


class SuspendIn(Input):
    """Why a user may not sign in any more."""

    reason: Reason


class BulkChanges(Input):
    """What to change of many users; fields that are left out stay as they are."""

    is_active: StrictBool | None = None
    marketing_consent: StrictBool | None = None
    timezone: Timezone | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def check_any(self) -> "BulkChanges":
        """Refuse to change nothing."""
        if not self.changes():
            raise refused("Name at least one change.", "Indica al menos un cambio.")
        return self

    def changes(self) -> dict[str, Any]:
        """Return what is to change."""
        return self.model_dump(exclude_none=True)


class BulkUpdateIn(Input):
    """Many users, and what to change of each."""

    ids: Annotated[
        list[UUID], Field(min_length=1, max_length=MOST_IDS), AfterValidator(_checked_distinct)
    ]
    changes: BulkChanges
    all_or_nothing: StrictBool = False


class GrantIn(Input):
    """A permission to grant, for good or until a time."""

    permission: Permission
    expires_at: AwareDatetime | None = None


class PermissionsIn(Input):
    """Permissions to grant, to revoke, and to set back to what the role gives."""

    grant: Annotated[list[GrantIn], Field(max_length=len(Permission))] = []
    revoke: Words = []
    reset: Words = []

    @model_validator(mode="after")
    def check_once(self) -> "PermissionsIn":
        """Refuse a permission that is named twice."""
        words = [grant.permission for grant in self.grant] + self.revoke + self.reset
        if len(set(words)) < len(words):
            raise refused("Name every permission once.", "Nombra cada permiso una sola vez.")
        return self


class ApiKeyIn(Input):
    """An API key to make, with some of one's own permissions."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=len(Permission))]
    expires_at: AwareDatetime | None = None


# Far from the ends of the calendar, where the days before and after cannot be counted.
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]


class PeriodIn(Input):
    """Days in Bogotá, both included; the last 30 where they are left out."""

    start: Annotated[Day | None, Field(alias="from")] = None
    end: Annotated[Day | None, Field(alias="to")] = None


class UsersOut(BaseModel):
    """A page of users."""

    users: list[UserProfile]
    pagination: PaginationOut


class BulkOut(Done):
    """What became of every user of a bulk update."""

    updated: int
    results: list[BulkResult]


class PermissionOut(BaseModel):
    """Whether a user has a permission now, where from, and until when."""

    permission: Permission
    allowed: bool
    source: Source
    by_role: bool
    expires_at: datetime | None


class PermissionsOut(BaseModel):
    """The permission matrix of a user."""

    user_id: UUID
    user_type: UserType
    effective: list[Permission]
    permissions: list[PermissionOut]


class ActivityOut(BaseModel):
    """One thing that a user did, or that an operator (`actor_id`) did to their account."""

    id: int
    action: Activity
    actor_id: UUID | None
    ip_address: str | None
    user_agent: str | None
    details: dict[str, Any]
    created_at: datetime


class ActivitiesOut(BaseModel):
    """A page of what a user did, the newest first."""

    user_id: UUID
    activities: list[ActivityOut]
    pagination: PaginationOut


class ApiKeyOut(BaseModel):
    """An API key as its owner sees it."""

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ApiKeysOut(BaseModel):
    """One's own API keys that work, the newest first."""

    api_keys: list[ApiKeyOut]


class NewApiKeyOut(ApiKeyOut):
    """A new API key; `key` is shown this once."""

    key: str


class TypeCountOut(BaseModel):
    """How many users of one role there are."""

    user_type: UserType
    total: int
    active: int
    new: int


class DayCountOut(BaseModel):
    """How many people signed up on one day in Bogotá."""

    date: date
    count: int


class RetentionOut(BaseModel):
    """Of those who signed up in the period before, how many came back in this one, in percent."""

    signed_up_before: int
    came_back: int
    percent: float


class UserAnalyticsOut(BaseModel):
    """Users in a period; `active` may sign in, `signed_in` did so in the period."""

    total: int
    active: int
    signed_in: int
    new: int
    by_type: list[TypeCountOut]
    sign_ups: list[DayCountOut]
    retention: RetentionOut
