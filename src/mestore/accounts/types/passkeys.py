"""The words of passkeys (Web Authentication, Level 3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Ceremony(StrEnum):
    """What a challenge was given out for; it counts for nothing else."""

    REGISTER = "REGISTER"
    SIGN_IN = "SIGN_IN"


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """Whom passkeys are made for: the domain, its name, and the origins of its pages."""

    rp_id: str = "localhost"
    rp_name: str = "MeStore"
    origins: tuple[str, ...] = ("http://localhost:8000",)
    answer_within: timedelta = timedelta(minutes=5)
    most: int = 20


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    transports: list[str]
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Made:
    """What an authenticator made: a passkey that is not kept yet."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
