"""What the endpoints of reconciliation take and answer."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mestore.kernel.paging import PaginationOut
from mestore.reconciliation.types import DifferenceFilter, DifferenceKind, DifferenceState


class DifferenceQuery(BaseModel):
    """Which differences to list; all that is given has to fit."""

    model_config = ConfigDict(extra="ignore")

    state: DifferenceState | None = None
    kind: DifferenceKind | None = None
    gateway: Annotated[str | None, Field(pattern=r"^[a-z_]{1,20}$")] = None

    def filter(self) -> DifferenceFilter:
        """Return the differences that are meant."""
        return DifferenceFilter(self.state, self.kind, self.gateway)


class CloseIn(BaseModel):
    """Why a difference needs nobody's attention any more."""

    reason: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$"
        ),
    ]


class ClosedOut(BaseModel):
    """The difference is closed."""

    success: bool = True


class DifferenceOut(BaseModel):
    """A transaction on which gateway, payments and ledger disagree; an amount of null is none."""

    id: int
    gateway: str
    day: date
    kind: DifferenceKind
    state: DifferenceState
    reference: str
    transaction_id: str
    order_id: int | None
    gateway_amount: float | None
    payment_amount: float | None
    ledger_amount: float | None
    reason: str | None
    closed_by: UUID | None
    closed_at: datetime | None
    created_at: datetime


class DifferencesOut(BaseModel):
    """A page of differences, the newest first."""

    differences: list[DifferenceOut]
    pagination: PaginationOut
