"""What the JSON API takes and says of refunds and of the queues of payments."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mestore.accounts.types import Line
from mestore.kernel.ids import RowId
from mestore.kernel.money import Amount, Price, to_minor
from mestore.kernel.paging import PaginationOut
from mestore.payments.types import PaymentMethod
from mestore.payments.types.stranded import ExceptionEnd, ExceptionKind, ExceptionState
from mestore.refunds.types import BankAccount, LineWish, RefundPlan, RefundState, RefundWish

MOST_LINES = 100

Reason = Annotated[Line, StringConstraints(min_length=3, max_length=300)]
Short = Annotated[Line, StringConstraints(min_length=2, max_length=100)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class RefundLineIn(_Input):
    """Units of one order line; `restock` puts them back on the shelf."""

    order_item_id: Annotated[RowId, Field(strict=True)]
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    restock: bool | None = None


class RefundIn(_Input):
    """What to give back: `lines`, or an `amount`, or else all that is left."""

    reason: Reason = "requested by the operator"
    lines: Annotated[list[RefundLineIn], Field(min_length=1, max_length=MOST_LINES)] | None = None
    amount: Price | None = None
    shipping: bool | None = None
    restock: bool = False

    @model_validator(mode="after")
    def check_one_way(self) -> Self:
        """Refuse lines and an amount together."""
        if self.lines is not None and self.amount is not None:
            raise ValueError("send lines or amount, not both")
        return self

    def wish(self) -> RefundWish:
        """Return what is asked for."""
        lines = None
        if self.lines is not None:
            lines = tuple(LineWish(*each) for each in self._lines(self.lines))
        amount = None if self.amount is None else to_minor(self.amount)
        return RefundWish(self.reason, lines, amount, self.shipping, self.restock)

    @staticmethod
    def _lines(lines: list[RefundLineIn]) -> list[tuple[int, int, bool | None]]:
        return [(line.order_item_id, line.quantity, line.restock) for line in lines]


class RefundLineOut(BaseModel):
    """What goes back for one order line, IVA included."""

    order_item_id: int
    product_name: str
    quantity: int
    amount: Amount
    tax_amount: Amount
    restock: bool


class QuoteOut(BaseModel):
    """What a refund would come to. `maximum` is all that is left to give back."""

    lines: list[RefundLineOut]
    shipping_amount: Amount
    tax_amount: Amount
    total: Amount
    maximum: Amount

    @classmethod
    def of(cls, found: RefundPlan) -> "QuoteOut":
        """Return a plan as clients see it."""
        lines = [
            RefundLineOut(
                order_item_id=line.order_item_id,
                product_name=line.product_name,
                quantity=line.quantity,
                amount=line.amount_minor,
                tax_amount=line.tax_minor,
                restock=line.restock,
            )
            for line in found.lines
        ]
        return cls(
            lines=lines,
            shipping_amount=found.shipping_minor,
            tax_amount=sum(line.tax_minor for line in found.lines),
            total=found.total_minor,
            maximum=found.left_minor,
        )


class BankAccountIn(_Input):
    """Where a buyer wants money that no gateway can send back."""

    bank: Short
    account_type: Literal["SAVINGS", "CHECKING", "DEPOSIT"]
    account_number: Annotated[Line, StringConstraints(pattern=r"^[0-9]{6,20}$")]
    holder_name: Short
    legal_id_type: Literal["CC", "CE", "NIT", "PP", "TI", "PEP", "PPT"]
    legal_id: Annotated[Line, StringConstraints(min_length=3, max_length=20)]

    def account(self) -> BankAccount:
        """Return the account."""
        return BankAccount(**self.model_dump())


class TransferredIn(_Input):
    """The bank's reference of a transfer that was made."""

    bank_reference: Short


class EndedIn(_Input):
    """What the panel of the gateway shows of a refund, and where staff saw it."""

    is_given: bool
    reason: Short


class BankAccountOut(BaseModel):
    """A bank account, of whose number only the last four digits are shown to buyers."""

    bank: str
    account_type: str
    account_number: str
    holder_name: str
    legal_id_type: str
    legal_id: str


class RefundOut(BaseModel):
    """A refund; `is_voided` where the gateway has annulled its payment: do not transfer it."""

    id: int
    order_id: int | None
    exception_id: int | None
    state: RefundState
    amount: Amount
    shipping_amount: Amount
    currency: str
    reason: str
    gateway: str
    method: PaymentMethod | None
    reference: str
    gateway_refund_id: str | None
    code: str | None
    bank_account: BankAccountOut | None
    bank_reference: str | None
    is_voided: bool
    lines: list[RefundLineOut]
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class RefundListOut(BaseModel):
    """A page of refunds, the newest first."""

    refunds: list[RefundOut]
    pagination: PaginationOut


class RefundsOut(BaseModel):
    """All refunds of an order, the oldest first."""

    refunds: list[RefundOut]


class ResolveIn(_Input):
    """How an entry of a queue ends, and why."""

    action: Literal["refund", "revive", "accept", "write_off"]
    reason: Reason

    @property
    def end(self) -> ExceptionEnd:
        """Return the end that is meant."""
        return ExceptionEnd(self.action.upper())


class ExceptionOut(BaseModel):
    """Money that did not arrive as it should; `actions` are the ends that it can have."""

    id: int
    kind: ExceptionKind
    state: ExceptionState
    gateway: str
    transaction_id: str
    reference: str
    order_id: int | None
    amount: Amount
    currency: str
    created_at: datetime
    resolution: ExceptionEnd | None
    reason: str | None
    resolved_by: UUID | None
    resolved_at: datetime | None
    actions: list[str]


class ExceptionListOut(BaseModel):
    """A page of the queues, the newest first."""

    exceptions: list[ExceptionOut]
    pagination: PaginationOut
