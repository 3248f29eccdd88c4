"""What the JSON API takes and says of earnings."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from mestore.accounts.types import Line
from mestore.earnings.types import (
    Adjustment,
    Approval,
    Purpose,
    StatementHead,
    StatementLine,
    Terms,
)
from mestore.earnings.views.balance import Balance, NextRelease
from mestore.earnings.views.statements import MonthTotals
from mestore.kernel.clock import BOGOTA
from mestore.kernel.ids import RowId
from mestore.kernel.money import CURRENCY, Amount, SignedPrice, to_minor, to_number
from mestore.kernel.paging import PaginationOut
from mestore.kernel.problems import language

MOST_IDS = 100

Reason = Annotated[Line, StringConstraints(min_length=3, max_length=300)]
_Id = Annotated[RowId, Field(strict=True)]
_Ids = Annotated[list[_Id], Field(max_length=MOST_IDS)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ApproveIn(_Input):
    """The parts to release, by commissions or by orders; `early` needs a reason."""

    commission_ids: _Ids = []
    order_ids: _Ids = []
    early: bool = False
    reason: Reason | None = None

    @model_validator(mode="after")
    def check_whole(self) -> Self:
        """Refuse a request that names nothing, and an early release without a reason."""
        if not self.commission_ids and not self.order_ids:
            raise ValueError("send commission_ids or order_ids")
        if self.early and self.reason is None:
            raise ValueError("send the reason with early")
        return self


class AdjustmentIn(_Input):
    """Pesos that the vendor is given, or charged where negative; a reference is used once."""

    amount: SignedPrice
    reference: Annotated[Line, StringConstraints(min_length=1, max_length=60)]
    reason: Reason

    @field_validator("amount")
    @classmethod
    def check_moves(cls, amount: Decimal) -> Decimal:
        """Refuse to adjust by nothing."""
        if not amount:
            raise ValueError("send an amount that is not 0")
        return amount

    def adjustment(self) -> Adjustment:
        """Return what is meant."""
        return Adjustment(to_minor(self.amount), self.reference, self.reason)


class AdjustmentOut(BaseModel):
    """The adjustment that was made, and what the vendor may draw now."""

    id: int
    vendor_id: UUID
    amount: Amount
    reference: str
    reason: str
    available: Amount


class ApprovalOut(BaseModel):
    """What became of one id: APPROVED, ALREADY_APPROVED or REFUSED with code and detail."""

    commission_id: int | None
    order_id: int | None
    vendor_id: UUID | None
    status: str
    amount: Amount | None
    reserve: Amount | None
    code: str | None
    detail: str | None
    possible_from: datetime | None


class ApprovalsOut(BaseModel):
    """One answer for each id."""

    results: list[ApprovalOut]
    approved: int
    refused: int


def approvals_body(found: list[Approval]) -> dict[str, Any]:
    """Return what became of all ids as clients see it."""
    results = [_approval(each) for each in found]
    refused = sum(each["status"] == "REFUSED" for each in results)
    return {"results": results, "approved": len(results) - refused, "refused": refused}


def _approval(each: Approval) -> dict[str, Any]:
    released, refusal = each.released, each.refusal
    status = "REFUSED"
    if released is not None:
        status = "APPROVED" if released.is_new else "ALREADY_APPROVED"
    return {
        "commission_id": each.commission_id,
        "order_id": each.order_id,
        "vendor_id": each.vendor_id,
        "status": status,
        "amount": None if released is None else to_number(released.amount_minor),
        "reserve": None if released is None else to_number(released.reserve_minor),
        "code": None if refusal is None else refusal.code,
        "detail": None if refusal is None else refusal.text(language.get()),
        "possible_from": each.possible_from,
    }


class NextReleaseOut(BaseModel):
    """What becomes available next, on which day in Bogotá."""

    date: date
    amount: Amount


class BalanceOut(BaseModel):
    """What a vendor has: each amount is what the operator owes it, and negative a debt.

    `pending` waits for delivery and the right of withdrawal, `reserve` is kept back for a while,
    `held` is disputed, `in_payout` is on its way, `paid` has left.
    """

    vendor_id: UUID
    pending: Amount
    available: Amount
    reserve: Amount
    held: Amount
    in_payout: Amount
    paid: Amount
    total: Amount
    currency: str
    as_of: datetime
    next_release: NextReleaseOut | None


def balance_body(
    vendor_id: UUID, balance: Balance, coming: NextRelease | None, as_of: datetime
) -> dict[str, Any]:
    """Return a balance as clients see it."""
    shown: dict[str, Any] = {
        purpose.value.replace("-", "_"): to_number(balance.by_purpose[purpose])
        for purpose in Purpose
    }
    next_release = None
    if coming is not None:
        day = coming.at.astimezone(BOGOTA).date()
        next_release = {"date": day, "amount": to_number(coming.amount_minor)}
    return {
        "vendor_id": vendor_id,
        **shown,
        "paid": to_number(balance.paid_minor),
        "total": to_number(balance.total_minor),
        "currency": CURRENCY,
        "as_of": as_of,
        "next_release": next_release,
    }


class LineOut(BaseModel):
    """A line of an entry: a positive amount is a debit, a negative one a credit."""

    account: str
    amount: Amount


class TransactionOut(BaseModel):
    """An entry of the ledger.

    `amount` is, for a vendor, what it changed of all that it is owed; for staff, what it moved.
    """

    id: int
    kind: str
    order_id: int | None
    amount: Amount
    currency: str
    lines: list[LineOut]
    created_at: datetime


class TransactionListOut(BaseModel):
    """A page of entries, the newest first."""

    transactions: list[TransactionOut]
    pagination: PaginationOut


class StatementSummaryOut(BaseModel):
    """A month: what was owed at its beginning and its end, and whether it is over."""

    period: str
    opening: Amount
    closing: Amount
    change: Amount
    is_closed: bool


class StatementListOut(BaseModel):
    """The months of a vendor, the newest first."""

    statements: list[StatementSummaryOut]
    pagination: PaginationOut


def summary_body(totals: MonthTotals, moment: datetime) -> dict[str, Any]:
    """Return a month as clients see it."""
    return {
        "period": str(totals.month),
        "opening": to_number(totals.opening_minor),
        "closing": to_number(totals.closing_minor),
        "change": to_number(totals.closing_minor - totals.opening_minor),
        "is_closed": totals.month.ends <= moment,
    }


class StatementLineOut(BaseModel):
    """What one entry changed: the amount is gross and commission and IVA, added up."""

    entry_id: int
    date: datetime
    kind: str
    order_number: str | None
    gross: Amount
    commission: Amount
    iva: Amount
    amount: Amount


class StatementOut(BaseModel):
    """A month of a vendor: the lines add up to closing less opening."""

    period: str
    vendor_id: UUID
    business_name: str
    currency: str
    opening: Amount
    closing: Amount
    lines: list[StatementLineOut]


def statement_body(
    vendor_id: UUID, head: StatementHead, lines: list[StatementLine]
) -> dict[str, Any]:
    """Return a statement as clients see it."""
    return {
        "period": str(head.month),
        "vendor_id": vendor_id,
        "business_name": head.business_name,
        "currency": head.currency,
        "opening": to_number(head.opening_minor),
        "closing": to_number(head.closing_minor),
        "lines": [
            {
                "entry_id": line.entry_id,
                "date": line.at,
                "kind": line.kind,
                "order_number": line.order_number,
                "gross": to_number(line.gross_minor),
                "commission": to_number(line.commission_minor),
                "iva": to_number(line.tax_minor),
                "amount": to_number(line.amount_minor),
            }
            for line in lines
        ],
    }


class TermsIn(_Input):
    """What is kept back of a vendor's releases, in per cent, and for how many days."""

    reserve_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2, max_digits=5)]
    reserve_days: Annotated[int, Field(strict=True, ge=0, le=365)]
    reason: Reason

    def terms(self) -> Terms:
        """Return the terms."""
        return Terms(int(self.reserve_percent * 100), self.reserve_days)


class TermsOut(BaseModel):
    """The terms that hold for a vendor."""

    vendor_id: UUID
    reserve_percent: Amount
    reserve_days: int

    @classmethod
    def of(cls, vendor_id: UUID, terms: Terms) -> "TermsOut":
        """Return terms as clients see them; basis points are the hundredths of a per cent."""
        return cls(
            vendor_id=vendor_id,
            reserve_percent=terms.reserve_basis_points,
            reserve_days=terms.reserve_days,
        )
