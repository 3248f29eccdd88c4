"""The words of vendors."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from mestore.accounts.types import OpenedSession, refused


class VendorStatus(StrEnum):
    """Whether a vendor may sell."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True)
class VendorPolicy:
    """Whether a new vendor may sell at once, without the operator looking."""

    auto_approve: bool = True
    terms_version: str = "2026-01"


@dataclass(frozen=True, slots=True)
class SellingVendor:
    """What other rooms need to know of a vendor."""

    id: UUID
    user_id: UUID
    business_name: str
    status: VendorStatus
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class NewVendor:
    """A business to add; the phone is E.164, the NIT has its check digit."""

    business_name: str
    phone: str
    city: str
    nit: str | None = None
    department: str | None = None
    primary_category: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicVendor:
    """A vendor as everybody sees it; `avg_rating` is over all it ever sold, or 0."""

    id: UUID
    business_name: str
    city: str
    primary_category: str | None
    description: str | None
    product_count: int
    avg_rating: float
    review_count: int
    member_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVendor(PublicVendor):
    """A vendor as its owner and the operator see it."""

    user_id: UUID
    nit: str | None
    phone: str
    department: str | None
    status: VendorStatus
    is_trusted: bool
    updated_at: datetime

    def public(self) -> PublicVendor:
        """Return what everybody may see."""
        return PublicVendor(
            id=self.id,
            business_name=self.business_name,
            city=self.city,
            primary_category=self.primary_category,
            description=self.description,
            product_count=self.product_count,
            avg_rating=self.avg_rating,
            review_count=self.review_count,
            member_since=self.member_since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVendor:
    """A vendor in the operator's list."""

    id: UUID
    user_id: UUID
    email: str
    business_name: str
    nit: str | None
    phone: str
    city: str
    department: str | None
    primary_category: str | None
    status: VendorStatus
    is_trusted: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVendor(OpenedSession):
    """What registering as a vendor answers: a sign-in, and the shop."""

    vendor: OwnVendor


_NIT = re.compile(r"([1-9][0-9]{5,9})-([0-9])|([1-9][0-9]{8,9})([0-9])")
_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43)


def check_digit(number: str) -> int:
    """Return the check digit of a NIT without it (DIAN, Orden Administrativa 4 de 1989)."""
    digits = map(int, reversed(number))
    rest = sum(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=False)) % 11
    return rest if rest < 2 else 11 - rest


def checked_nit(text: str) -> str:
    """Return a NIT as `900123456-8`; ValueError when its form or its check digit is wrong."""
    found = _NIT.fullmatch(re.sub(r"[. ]", "", text))
    if found is None:
        raise refused(
            "Write the NIT with its check digit, such as 900.123.456-8.",
            "Escribe el NIT con su dígito de verificación, como 900.123.456-8.",
        )
    number, digit = found.group(1) or found.group(3), found.group(2) or found.group(4)
    if check_digit(number) != int(digit):
        raise refused(
            "The check digit does not fit this NIT. Check the number.",
            "El dígito de verificación no corresponde a este NIT. Revisa el número.",
        )
    return f"{number}-{digit}"


Nit = Annotated[str, StringConstraints(max_length=20), AfterValidator(checked_nit)]
"""A Colombian tax number, kept as `900123456-8`."""
