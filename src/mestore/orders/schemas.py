"""What the JSON API says of lists of orders."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mestore.kernel.paging import PaginationOut
from mestore.orders.types import OrderStatus, OrderView


@dataclass(frozen=True, slots=True)
class OrderListOut:
    """A page of orders, the newest first unless asked otherwise."""

    orders: list[OrderView]
    pagination: PaginationOut


# One printable line: PostgreSQL cannot store NUL.
_LINE = r"^[^\x00-\x1f\x7f]+$"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class StatusIn(_Input):
    """The next status of an order, or of the caller's part of it, and why."""

    new_status: OrderStatus
    notes: Annotated[str, Field(min_length=1, max_length=300, pattern=_LINE)] | None = None


class OrderChangesIn(_Input):
    """What changes; what is left out stays."""

    status: OrderStatus | None = None
    tracking_number: Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)] | None = (
        None
    )

    @model_validator(mode="after")
    def something_to_change(self) -> "OrderChangesIn":
        """Refuse a body that would change nothing."""
        if self.status is None and self.tracking_number is None:
            raise ValueError("send status, tracking_number or both")
        return self


@dataclass(frozen=True, slots=True)
class MovedOut:
    """The order after it moved, as the caller sees it."""

    success: Literal[True]
    order: OrderView


@dataclass(frozen=True, slots=True)
class ChangedOut:
    """The order after its change, and which fields were sent."""

    success: Literal[True]
    updated_fields: list[str]
    order: OrderView
