"""What the endpoints of reconciliation take and answer."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mestore.kernel.money import Price, to_minor
from mestore.kernel.paging import PaginationOut
from mestore.reconciliation.types import (
    DifferenceFilter,
    DifferenceKind,
    DifferenceState,
    Settlement,
)

Gateway = Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")]


class DifferenceQuery(BaseModel):
    """Which differences to list; all that is given has to fit."""

    model_config = ConfigDict(extra="ignore")

    state: DifferenceState | None = None
    kind: DifferenceKind | None = None
    gateway: Gateway | None = None

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


class SettlementIn(BaseModel):
    """What a gateway paid into the bank; the bank's reference counts once a gateway."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    gateway: Gateway
    bank_reference: Annotated[
        str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")
    ]
    settled_on: date
    amount: Annotated[Price, Field(gt=0)]
    fee: Price = Decimal(0)
    withheld: Price = Decimal(0)

    def settlement(self) -> Settlement:
        """Return what is meant."""
        return Settlement(
            self.gateway,
            self.bank_reference,
            self.settled_on,
            to_minor(self.amount),
            to_minor(self.fee),
            to_minor(self.withheld),
        )


class SettlementKeyOut(BaseModel):
    """The settlement that was recorded."""

    id: int


class SettlementOut(BaseModel):
    """What a gateway paid into the bank, and what it kept of that."""

    id: int
    gateway: str
    bank_reference: str
    settled_on: date
    amount: float
    fee: float
    withheld: float
    created_at: datetime


class SettlementsOut(BaseModel):
    """A page of settlements."""

    settlements: list[SettlementOut]
    pagination: PaginationOut


class AccountOut(BaseModel):
    """What the books have on one account."""

    account: str
    balance: float


class BalancesOut(BaseModel):
    """The books at an instant."""

    balances: list[AccountOut]
    as_of: datetime
