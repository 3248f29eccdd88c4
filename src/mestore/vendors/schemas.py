"""What the JSON API of vendors takes and answers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from mestore.accounts.types import (
    Email,
    Line,
    Name,
    NewPassword,
    NewUser,
    Phone,
    Text,
    UserType,
    checked_acceptance,
    refused,
)
from mestore.kernel.paging import PaginationOut
from mestore.vendors.types import ListedVendor, NewVendor, Nit, OwnVendor, VendorStatus

BusinessName = Annotated[Line, Field(min_length=2, max_length=200)]
City = Annotated[Line, Field(min_length=1, max_length=100)]
Place = Annotated[Line, Field(max_length=100)]
Description = Annotated[Text, Field(max_length=5000)]
Reason = Annotated[Text, Field(max_length=500)]
_NEVER_EMPTY = ("business_name", "phone", "city")


class Input(BaseModel):
    """A body: unknown fields are refused, spaces around texts are dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class VendorRegisterIn(Input):
    """A person and the business they want to sell with."""

    email: Email
    password: Annotated[NewPassword, Field(repr=False)]
    first_name: Name
    last_name: Name
    business_name: BusinessName
    nit: Nit | None = None
    phone: Phone
    city: City
    department: Place | None = None
    primary_category: Place | None = None
    description: Description | None = None
    accept_terms: Annotated[StrictBool, AfterValidator(checked_acceptance)]

    def person(self) -> NewUser:
        """Return the account to add."""
        return NewUser(
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            user_type=UserType.VENDOR,
            phone=self.phone,
            company=self.business_name,
        )

    def business(self) -> NewVendor:
        """Return the shop to add."""
        return NewVendor(
            business_name=self.business_name,
            phone=self.phone,
            city=self.city,
            nit=self.nit,
            department=self.department,
            primary_category=self.primary_category,
            description=self.description,
        )


class VendorIn(Input):
    """What to change of a shop; fields that are left out stay as they are."""

    business_name: BusinessName | None = None
    description: Description | None = None
    phone: Phone | None = None
    city: City | None = None
    department: Place | None = None
    primary_category: Place | None = None

    @model_validator(mode="after")
    def check_empty(self) -> "VendorIn":
        """Refuse null where there must be a value."""
        for name in _NEVER_EMPTY:
            if name in self.model_fields_set and getattr(self, name) is None:
                raise refused(f"{name} cannot be null.", f"{name} no puede ser null.")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return self.model_dump(exclude_unset=True)


class VendorStatusIn(Input):
    """Whether a vendor may sell, and why."""

    status: Literal[VendorStatus.APPROVED, VendorStatus.SUSPENDED]
    reason: Reason | None = None


class VendorChanged(BaseModel):
    """The shop as it is now."""

    success: bool = True
    vendor: OwnVendor


class VendorsOut(BaseModel):
    """A page of vendors."""

    vendors: list[ListedVendor]
    pagination: PaginationOut
