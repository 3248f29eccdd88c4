"""What accounts tell the other rooms."""

from dataclasses import dataclass
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
