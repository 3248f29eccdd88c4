"""What accounts tell the other rooms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class UserRegistered(Event):
    """A person or business has an account now."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class SignedIn(Event):
    """A user signed in on a device where `guest_session` had been shopping."""

    user_id: UUID
    guest_session: str


@dataclass(frozen=True, slots=True)
class CodeRequested(Event):
    """A user waits for a one-time code; whoever sends it has it made."""

    code_id: UUID


@dataclass(frozen=True, slots=True)
class PasswordResetRequested(Event):
    """The owner of an active account asked for a link to set a new password."""

    user_id: UUID
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """An account has another password."""

    user_id: UUID
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class MfaEnabled(Event):
    """A user turned two-step sign-in on: passwords alone no longer open a session."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class MfaDisabled(Event):
    """A user turned two-step sign-in off; app and backup codes are gone."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class UserInvited(Event):
    """An operator made an account without a password; its owner has to set one."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class UserSuspended(Event):
    """A user may not sign in until activated again."""

    user_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class UserActivated(Event):
    """A suspended user may sign in again."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class UserErased(Event):
    """The personal data of a user were erased (Ley 1581 de 2012, art. 8); the id stays."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class Acted(Event):
    """Somebody of the staff changed something, or a security event happened; `at` is ISO 8601.

    `before` and `after` hold what changed, without secrets and without the data of persons.
    """

    actor_id: UUID | None
    actor_type: str | None
    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip_address: str | None
    request_id: str | None
    at: str
