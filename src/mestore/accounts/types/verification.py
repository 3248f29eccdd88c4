"""The words of verification and recovery: one-time codes, links, and what limits them."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from mestore.kernel.messages import Task

DEVELOPMENT_CODE = "123456"


class CodePurpose(StrEnum):
    """What a one-time code proves that its reader owns."""

    EMAIL = "email"
    PHONE = "phone"


class LinkPurpose(StrEnum):
    """What the token of a mailed link is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  no secret


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """How long codes and links live, how often they are sent, and where links lead.

    `development_code` is accepted in place of the code that was sent; None in production.
    """

    storefront_url: str = "http://127.0.0.1:8000"
    development_code: str | None = field(default=None, repr=False)
    code_lasts: timedelta = timedelta(minutes=10)
    cooldown: timedelta = timedelta(minutes=1)
    attempts: int = 5
    verification_link_lasts: timedelta = timedelta(hours=24)
    reset_link_lasts: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(hours=1)
    sms_in_window: int = 5
    resets_in_window: int = 3


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A fresh code to send to an address, and how long it works.

    `link` verifies an e-mail address as well.
    """

    purpose: CodePurpose
    address: str
    first_name: str
    minutes: int
    code: str = field(repr=False)
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A fresh link to mail to an address, and how long it works."""

    address: str
    first_name: str
    minutes: int
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StartRecovery(Task):
    """Begin a password reset, if this address belongs to an active account."""

    email: str


def minutes_of(time: timedelta) -> int:
    """Return a time in whole minutes."""
    return time // timedelta(minutes=1)
