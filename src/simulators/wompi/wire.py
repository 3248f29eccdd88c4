"""What a shop may send, field by field."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from simulators.wompi.errors import Problems

MAX_AMOUNT = 1_000_000_000_000

Text = Annotated[str, StringConstraints(min_length=1)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
LegalIdType = Literal["CC", "NIT", "PP", "CE", "TI", "DNI", "RG", "OTHER"]


class Status(StrEnum):
    """Where a transaction stands; all but PENDING are final, and APPROVED may still be voided."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"
    ERROR = "ERROR"


def _instant(value: str) -> str:
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(value)
    return value


Instant = Annotated[str, AfterValidator(_instant)]


class Wire(BaseModel):
    """Takes JSON types as they are and keeps the fields it does not know."""

    model_config = ConfigDict(strict=True, extra="allow")


class CardPayment(Wire):
    """A payment with a card token."""

    type: Literal["CARD"]
    token: Text
    installments: Annotated[int, Field(ge=1)]


class NequiPayment(Wire):
    """A payment the shopper accepts in the Nequi app."""

    type: Literal["NEQUI"]
    phone_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]


class PsePayment(Wire):
    """A transfer the shopper makes on the page of a bank."""

    type: Literal["PSE"]
    user_type: Literal[0, 1]
    user_legal_id_type: Literal["CC", "NIT"]
    user_legal_id: Text
    financial_institution_code: Text
    payment_description: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class TransferPayment(Wire):
    """A transfer from an account of Bancolombia, on its own page."""

    type: Literal["BANCOLOMBIA_TRANSFER"]
    user_type: Literal["PERSON"]
    payment_description: Annotated[
        str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^']+$")
    ]
    ecommerce_url: WebUrl


class CollectPayment(Wire):
    """Cash that the shopper hands to an agent of Bancolombia."""

    type: Literal["BANCOLOMBIA_COLLECT"]


class DaviplataPayment(Wire):
    """A payment the shopper confirms on the page of Daviplata."""

    type: Literal["DAVIPLATA"]
    user_legal_id_type: Literal["CC", "CE", "TI", "PP"]
    user_legal_id: Text
    payment_description: Annotated[str, StringConstraints(min_length=1, max_length=64)]


AnyPayment = (
    CardPayment | NequiPayment | PsePayment | TransferPayment | CollectPayment | DaviplataPayment
)


class CustomerData(Wire):
    """Who pays."""

    full_name: Text | None = None
    phone_number: Text | None = None
    legal_id: str | None = None
    legal_id_type: LegalIdType | None = None


class ShippingAddress(Wire):
    """Where the goods go."""

    address_line_1: Text
    country: Text
    region: Text
    city: Text
    phone_number: Text


class Tax(Wire):
    """A tax already included in the amount."""

    type: Literal["VAT", "CONSUMPTION"]
    amount_in_cents: Amount | None = None
    percentage: Annotated[int, Field(ge=1, le=50)] | None = None


class TransactionIn(Wire):
    """The body of POST /transactions."""

    acceptance_token: Text
    accept_personal_auth: Text
    amount_in_cents: Amount
    currency: Literal["COP"]
    signature: Text
    customer_email: Email
    reference: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    payment_method: Annotated[AnyPayment, Field(discriminator="type")]
    redirect_url: WebUrl | None = None
    expiration_time: Instant | None = None
    customer_data: CustomerData | None = None
    shipping_address: ShippingAddress | None = None
    taxes: list[Tax] = Field(default_factory=list)


class CardIn(Wire):
    """The body of POST /tokens/cards."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9]{13,19}$")]
    cvc: Annotated[str, StringConstraints(pattern=r"^[0-9]{3,4}$")]
    exp_month: Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])$")]
    exp_year: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    card_holder: Text

    def is_expired(self) -> bool:
        """Tell whether the month printed on the card is over."""
        today = datetime.now(UTC)
        return (2000 + int(self.exp_year), int(self.exp_month)) < (today.year, today.month)


class VoidIn(Wire):
    """The optional body of a void."""

    amount_in_cents: Amount | None = None


RefundStatus = Literal["APPROVED", "DECLINED", "ERROR", "CANCELLED"]


class RefundIn(Wire):
    """The body of POST /refunds."""

    model_config = ConfigDict(strict=True, extra="forbid")

    transaction_id: Text
    amount_in_cents: Amount
    reason: str | None = None
    reference: str | None = None
    reference_2: str | None = None
    reference_3: str | None = None
    reference_4: str | None = None
    reference_5: str | None = None
    test_scenario: RefundStatus = "APPROVED"


class ListQuery(BaseModel):
    """The filters and the page of GET /transactions."""

    reference: str | None = None
    id: str | None = None
    status: Status | None = None
    payment_method_type: str | None = None
    customer_email: str | None = None
    from_date: date | datetime | None = None
    until_date: date | datetime | None = None
    page: Annotated[int, Field(ge=1)] = 1
    page_size: Annotated[int, Field(ge=1, le=200)] = 50
    order_by: Literal["created_at"] = "created_at"
    order: Literal["ASC", "DESC"] = "DESC"


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], body: object) -> Model:
    """Read the body, or refuse it with every field that is wrong."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problems = Problems()
        problems.add_all(error.errors())
        problems.refuse()
        raise
