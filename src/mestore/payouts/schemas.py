"""What the JSON API takes and says of payouts."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from mestore.accounts.types import Line, refused
from mestore.kernel.ids import RowId
from mestore.kernel.moments import Moment, beginning, end
from mestore.kernel.money import Amount, Price, to_minor
from mestore.kernel.paging import PaginationOut
from mestore.payouts.banks import checked_bank
from mestore.payouts.types import (
    AccountState,
    AccountType,
    Applied,
    BankAccount,
    BatchState,
    Channel,
    DocumentType,
    LineEnd,
    LineResult,
    PayoutFilter,
    PayoutState,
)
from mestore.vendors.types import checked_nit

MOST_RESULTS = 1000

Short = Annotated[Line, StringConstraints(min_length=2, max_length=100)]
Reason = Annotated[Line, StringConstraints(min_length=3, max_length=300)]
# What banks take in a name; also nothing that a spreadsheet would run as a formula.
Holder = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-zÀ-ÖØ-öø-ÿ0-9][^\x00-\x1f\x7f<>\"=;|]*$", max_length=100),
]
_DOCUMENTS = {
    DocumentType.CC: r"[0-9]{6,10}",
    DocumentType.CE: r"[A-Za-z0-9]{3,12}",
    DocumentType.PP: r"[A-Za-z0-9]{3,12}",
    DocumentType.TI: r"[0-9]{10,11}",
    DocumentType.PEP: r"[0-9]{15}",
    DocumentType.PPT: r"[0-9]{4,8}",
}


def _bank(code: str) -> str:
    found = checked_bank(code)
    if found is None:
        raise refused(
            "This is no bank code. Use a PSE code, such as 1007.",
            "Este no es un código de banco. Usa un código PSE, como 1007.",
        )
    return found


def _number(number: str) -> str:
    if not number.strip("0"):
        raise refused("The account number is all zeros.", "El número de cuenta es todo ceros.")
    return number


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class BankAccountIn(_Input):
    """Where a vendor wants its money; a NIT comes with its check digit."""

    bank_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{3,4}$"), AfterValidator(_bank)]
    account_type: AccountType
    account_number: Annotated[
        str, StringConstraints(pattern=r"^[0-9]{6,20}$"), AfterValidator(_number)
    ]
    holder_name: Annotated[Holder, StringConstraints(min_length=2)]
    document_type: DocumentType
    document_number: Annotated[Line, StringConstraints(min_length=3, max_length=20)]

    @model_validator(mode="after")
    def check_document(self) -> Self:
        """Refuse a number that the document cannot have."""
        if self.document_type is DocumentType.NIT:
            self.document_number = checked_nit(self.document_number)
        elif not re.fullmatch(_DOCUMENTS[self.document_type], self.document_number):
            raise refused(
                "The document number does not fit its type.",
                "El número de documento no corresponde a su tipo.",
            )
        return self

    def account(self) -> BankAccount:
        """Return the account."""
        return BankAccount(**self.model_dump())


class PayoutIn(_Input):
    """How much to draw; all that is available where it is left out."""

    amount: Price | None = None

    @property
    def amount_minor(self) -> int | None:
        """Return the amount in centavos."""
        return None if self.amount is None else to_minor(self.amount)


class RejectIn(_Input):
    """Why a payout is not made."""

    reason: Reason


class PaidIn(_Input):
    """The bank's reference of a transfer that was made by hand."""

    bank_reference: Short


class PayoutQuery(BaseModel):
    """Which payouts to list; all that is given has to fit."""

    model_config = ConfigDict(extra="ignore")

    vendor_id: UUID | None = None
    state: PayoutState | None = None
    channel: Channel | None = None
    batch_id: RowId | None = None
    date_from: Moment | None = None
    date_to: Moment | None = None

    def filter(self) -> PayoutFilter:
        """Return the payouts that are meant."""
        return PayoutFilter(
            self.vendor_id,
            self.state,
            self.channel,
            self.batch_id,
            None if self.date_from is None else beginning(self.date_from),
            None if self.date_to is None else end(self.date_to),
        )


class BatchIn(_Input):
    """What leaves together: these payouts, or all that are approved."""

    channel: Literal[Channel.BANK_FILE, Channel.WOMPI]
    payout_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None


class ResultIn(_Input):
    """How one payout of a batch ended, by its reference."""

    reference: Annotated[Line, StringConstraints(min_length=3, max_length=64)]
    outcome: Literal["PAID", "FAILED"]
    bank_reference: Short | None = None
    code: Short | None = None


class ResultsIn(_Input):
    """What a bank answered to a batch, at once or part by part."""

    results: Annotated[list[ResultIn], Field(min_length=1, max_length=MOST_RESULTS)]

    def lines(self) -> list[LineResult]:
        """Return the results."""
        return [
            LineResult(
                each.reference,
                LineEnd(each.outcome),
                code=each.code,
                bank_reference=each.bank_reference,
            )
            for each in self.results
        ]


class BankAccountOut(BaseModel):
    """A bank account; of its number the last four digits."""

    bank_code: str
    bank_name: str
    account_type: AccountType
    account_number: str
    holder_name: str
    document_type: DocumentType
    document_number: str


class OwnAccountOut(BankAccountOut):
    """A vendor's bank account; payouts go there from `usable_from` on."""

    state: AccountState
    usable_from: datetime
    created_at: datetime
    updated_at: datetime


class ApprovalOut(BaseModel):
    """Who approved a payout, and when."""

    user_id: UUID
    created_at: datetime


class PayoutOut(BaseModel):
    """A payout; `account` is what the vendor's was when it was requested."""

    id: UUID
    number: int
    vendor_id: UUID
    amount: Amount
    currency: str
    state: PayoutState
    channel: Channel | None
    reference: str
    batch_id: int | None
    account: BankAccountOut
    approvals: list[ApprovalOut]
    reason: str | None
    code: str | None
    bank_reference: str | None
    created_at: datetime
    updated_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    paid_at: datetime | None
    ended_at: datetime | None


class PayoutListOut(BaseModel):
    """A page of payouts, the newest first."""

    payouts: list[PayoutOut]
    pagination: PaginationOut


class BatchOut(BaseModel):
    """A batch; `by_state` counts its payouts."""

    id: int
    reference: str
    channel: Channel
    state: BatchState
    payout_count: int
    total: Amount
    currency: str
    provider_id: str | None
    code: str | None
    by_state: dict[PayoutState, int]
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


class BatchListOut(BaseModel):
    """A page of batches, the newest first."""

    batches: list[BatchOut]
    pagination: PaginationOut


class AppliedOut(BaseModel):
    """What became of a bank's answers, by the references of payouts."""

    applied: list[str]
    repeated: list[str]
    contradicted: list[str]
    unknown: list[str]

    @classmethod
    def of(cls, found: Applied) -> "AppliedOut":
        """Return it as clients see it."""
        return cls(
            applied=list(found.applied),
            repeated=list(found.repeated),
            contradicted=list(found.contradicted),
            unknown=list(found.unknown),
        )


class ReceivedOut(BaseModel):
    """The event is stored."""

    received: bool = True
