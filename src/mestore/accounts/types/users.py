"""The words of accounts: who calls, what a sign-in answers, and what input must look like."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from mestore.accounts.types.access import ROLE_PERMISSIONS, STAFF, Permission, UserType
from mestore.kernel.problems import language

EMAIL_LENGTH = 254
COUNTRY = "CO"
_E164 = phonenumbers.PhoneNumberFormat.E164
_FOREIGN = re.compile(r"\+[1-9][0-9]{7,14}")


class Document(StrEnum):
    """What a person can agree to."""

    TERMS = "terms"
    VENDOR_TERMS = "vendor_terms"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user of this request, as their rows have it now.

    `key_id` is set where an API key speaks for the user; `session_id` then is that id as well.
    """

    user_id: UUID
    user_type: UserType
    email: str
    session_id: UUID
    mfa_enabled: bool
    permissions: frozenset[Permission] = frozenset()
    key_id: UUID | None = None

    @property
    def is_staff(self) -> bool:
        """Say whether this is an ADMIN or a SUPERUSER."""
        return self.user_type in STAFF

    def can(self, permission: Permission) -> bool:
        """Say whether the caller may do this at all, if only to their own things."""
        return permission in self.permissions

    def owns(self, owner_id: UUID, permission: Permission) -> bool:
        """Say whether something is the caller's own; an API key also needs the permission."""
        return self.user_id == owner_id and (self.key_id is None or self.can(permission))

    def oversees(self, permission: Permission) -> bool:
        """Say whether the caller may do this to everybody's things."""
        own = ROLE_PERMISSIONS[UserType.VENDOR]
        is_own = self.user_type is UserType.VENDOR and permission in own
        return permission in self.permissions and not is_own


@dataclass(frozen=True, slots=True)
class Device:
    """Where a sign-in comes from."""

    ip_address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """How long tokens live, when an account locks, and when an address is blocked."""

    secret: str = field(default="", repr=False)
    old_secrets: tuple[str, ...] = field(default=(), repr=False)
    algorithm: str = "HS256"
    access: timedelta = timedelta(hours=1)
    refresh: timedelta = timedelta(days=7)
    failures_to_lock: int = 5
    lock: timedelta = timedelta(minutes=30)
    failures_to_block: int = 100
    block: timedelta = timedelta(minutes=15)
    terms_version: str = "2026-01"
    mfa_issuer: str = "MeStore"
    mfa_required_roles: frozenset[UserType] = frozenset()
    second_step: timedelta = timedelta(minutes=5)
    recent: timedelta = timedelta(minutes=10)
    """How old the sign-in may be of who names a bank account or lets money go."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The present secret, and those of before that are still believed."""
        return (self.secret, *self.old_secrets)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to add. `marketing_consent` is None where they were not asked."""

    email: str
    first_name: str
    last_name: str
    user_type: UserType = UserType.BUYER
    username: str | None = None
    phone: str | None = None
    company: str | None = None
    marketing_consent: bool | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The text that a person accepted by registering."""

    document: Document
    version: str


@dataclass(frozen=True, slots=True)
class UserProfile:
    """A user exactly as clients see one; `number` is the integer id of the compact API."""

    id: UUID
    number: int
    email: str
    username: str | None
    first_name: str
    last_name: str
    phone: str | None
    company: str | None
    user_type: UserType
    is_active: bool
    email_verified: bool
    phone_verified: bool
    mfa_enabled: bool
    marketing_consent: bool
    created_at: datetime
    last_login: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """What registering, signing in and refreshing answer."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  the scheme of RFC 6750, no secret
    expires_in: int
    user_id: UUID
    requires_mfa: bool = False
    user: UserProfile


@dataclass(frozen=True, slots=True)
class Contact:
    """How to write to a user."""

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str | None


def refused(en: str, es: str) -> ValueError:
    """Return the error that makes a field of the request invalid, in the caller's language."""
    return ValueError(es if language.get() == "es" else en)


def checked_email(text: str) -> str:
    """Return an e-mail address in lower case; ValueError when it cannot be one."""
    try:
        # Nobody owns .test (RFC 6761), so nothing is gained by turning it away.
        address = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise refused("This is no e-mail address.", "No es un correo electrónico válido.") from None
    lowered = address.normalized.lower()
    if len(lowered) > EMAIL_LENGTH:
        raise refused("This e-mail address is too long.", "El correo es demasiado largo.")
    return lowered


def checked_phone(text: str) -> str:
    """Return a phone number as E.164, Colombian unless it says otherwise; ValueError when unreal.

    Colombian numbers must exist in the numbering plan (Resolución CRC 5826 de 2019); those of
    other countries need only the form of E.164.
    """
    try:
        number = phonenumbers.parse(text, COUNTRY)
    except phonenumbers.NumberParseException:
        number = None
    written = "" if number is None else phonenumbers.format_number(number, _E164)
    is_real = number is not None and phonenumbers.is_valid_number(number)
    if not is_real and (written.startswith("+57") or not _FOREIGN.fullmatch(written)):
        raise refused(
            "Write a Colombian number of 10 digits, or + and the country code first.",
            "Escribe un número colombiano de 10 dígitos, o + y el código del país.",
        )
    return written


def checked_password(text: str) -> str:
    """Return the password as it is; ValueError when it lacks a kind of character."""
    if not (any(map(str.isupper, text)) and any(map(str.islower, text))):
        raise refused("Use upper and lower case letters.", "Usa mayúsculas y minúsculas.")
    if not any(map(str.isdigit, text)):
        raise refused("Use at least one digit.", "Usa al menos un dígito.")
    return text


def checked_acceptance(given: bool) -> bool:
    """Return True; ValueError when the terms were declined."""
    if not given:
        raise refused(
            "Accept the terms to register.", "Acepta los términos y condiciones para registrarte."
        )
    return given


Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Text of several lines. PostgreSQL cannot store NUL."""

Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text of one line, without control characters."""

Name = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
"""A first or a last name."""

Email = Annotated[
    str,
    AfterValidator(checked_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": EMAIL_LENGTH}),
]
"""An e-mail address, kept in lower case."""

Phone = Annotated[
    str,
    StringConstraints(min_length=7, max_length=30, pattern=r"^\+?[0-9 ().-]*$"),
    AfterValidator(checked_phone),
]
"""A phone number, kept as E.164."""

Password = Annotated[
    str,
    StringConstraints(strip_whitespace=False, max_length=128, pattern=r"^[^\x00]*$"),
]
"""A password as it was typed, spaces and all."""

NewPassword = Annotated[Password, StringConstraints(min_length=8), AfterValidator(checked_password)]
"""A password to set: 8 to 128 characters with an upper case letter, a lower case one, a digit."""
