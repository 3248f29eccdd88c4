"""What the JSON API takes and says of placing, cancelling and paying orders."""

from dataclasses import replace
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mestore.accounts.types import Email, Line, Phone, Text
from mestore.checkout.errors import EmailRequired
from mestore.checkout.types import OrderRequest, PayRequest, WantedLine
from mestore.kernel.money import Amount, Price, to_minor
from mestore.orders.types import Address, OrderView
from mestore.payments.types import PaymentMethod, PaymentStatus

CardBrand = Literal[
    "VISA", "VISA_DEBIT", "MASTERCARD", "MASTERCARD_DEBIT", "AMEX", "DINERS", "CODENSA"
]
MOST_LINES = 100
MOST_UNITS = 1_000

Name = Annotated[Line, StringConstraints(min_length=1, max_length=200)]
Street = Annotated[Line, StringConstraints(min_length=3, max_length=300)]
Place = Annotated[Line, StringConstraints(min_length=2, max_length=100)]
PayerPhone = Annotated[Line, StringConstraints(pattern=r"^\+?[0-9 ().-]{7,25}$")]
"""The gateway judges it: Nequi's sandbox goes by numbers that no operator issues."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class OrderLineIn(_Input):
    """A line to order. Prices come from the catalogue."""

    product_id: UUID
    variant_id: UUID | None = None
    quantity: Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)]


class AddressIn(_Input):
    """An address as one object; what it leaves out is taken from the `shipping_…` fields."""

    address: Street
    name: Name | None = None
    phone: Phone | None = None
    city: Place | None = None
    state: Place | None = None


class BillingAddressIn(_Input):
    """To whom the invoice goes, where that is not the shipping address."""

    name: Name
    address: Street
    city: Place
    state: Place
    phone: Phone | None = None
    legal_id_type: Literal["CC", "CE", "NIT", "PP", "TI", "PEP", "PPT"] | None = None
    legal_id: Annotated[Line, StringConstraints(min_length=3, max_length=20)] | None = None
    email: Email | None = None


class OrderIn(_Input):
    """An order to place; without `items` the cart is ordered."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "shipping_name": "Persona Ejemplo",
                "shipping_phone": "+57 300 123 4567",
                "shipping_address": "Calle 100 # 8A - 55, Apto 501",
                "shipping_city": "Bogotá, D.C.",
                "shipping_state": "Bogotá, D.C.",
            }
        }
    )

    items: Annotated[list[OrderLineIn], Field(min_length=1, max_length=MOST_LINES)] | None = None
    shipping_address: Street | AddressIn
    shipping_name: Name | None = None
    shipping_phone: Phone | None = None
    shipping_city: Place | None = None
    shipping_state: Place | None = None
    shipping_method: Annotated[Line, StringConstraints(max_length=50)] | None = None
    billing_address: Street | BillingAddressIn | None = None
    notes: Annotated[Text, StringConstraints(max_length=2000)] | None = None
    customer_email: Email | None = None
    expected_total: Price | None = None

    @model_validator(mode="after")
    def check_address(self) -> Self:
        """Refuse an address with a part missing."""
        missing = [name for name, value in self._parts().items() if not value]
        if missing:
            raise ValueError(f"these fields are missing: {', '.join(missing)}")
        return self

    def _parts(self) -> dict[str, str | None]:
        given = self.shipping_address
        inside = given if isinstance(given, AddressIn) else None
        return {
            "shipping_name": (inside and inside.name) or self.shipping_name,
            "shipping_phone": (inside and inside.phone) or self.shipping_phone,
            "shipping_address": given if isinstance(given, str) else given.address,
            "shipping_city": (inside and inside.city) or self.shipping_city,
            "shipping_state": (inside and inside.state) or self.shipping_state,
        }

    def request(self, account_email: str | None) -> OrderRequest:
        """Return what is asked for; a guest without an e-mail address is refused."""
        email = self.customer_email or account_email
        if email is None:
            raise EmailRequired(errors=[{"field": "customer_email", "issue": EmailRequired.en}])
        items = None
        if self.items is not None:
            items = tuple(
                WantedLine(line.product_id, line.variant_id, line.quantity) for line in self.items
            )
        expected = None if self.expected_total is None else to_minor(self.expected_total)
        return OrderRequest(
            items=items,
            ship_to=Address(*(part or "" for part in self._parts().values())),
            email=email,
            shipping_method=self.shipping_method,
            billing_address=self._billing(),
            notes=self.notes,
            expected_total_minor=expected,
        )

    def _billing(self) -> dict[str, Any] | None:
        if isinstance(self.billing_address, str):
            return {"address": self.billing_address}
        if self.billing_address is None:
            return None
        return self.billing_address.model_dump(exclude_none=True)


class CancelledOut(BaseModel):
    """The order as it stands after it was called off."""

    success: bool
    order: OrderView


class PaymentDataIn(_Input):
    """The fields of each method: CARD `token`; PSE bank and payer; NEQUI `phone_number`.

    PayU also asks for the brand of a card, and for the id that its fraud check gave the browser.
    What the page knows of the card and the device helps to tell buyers from thieves.
    """

    token: Annotated[Line, StringConstraints(min_length=1, max_length=200)] | None = None
    card_brand: CardBrand | None = None
    card_bin: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,8}$")] | None = None
    card_last_four: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")] | None = None
    card_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    device_session_id: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{16,255}$")] | None
    ) = None
    user_type: Annotated[int, Field(ge=0, le=1)] | None = None
    user_legal_id_type: Literal["CC", "CE", "NIT", "PP", "TI", "PEP", "PPT"] | None = None
    user_legal_id: Annotated[Line, StringConstraints(min_length=3, max_length=20)] | None = None
    financial_institution_code: (
        Annotated[Line, StringConstraints(min_length=1, max_length=10)] | None
    ) = None
    full_name: Name | None = None
    phone_number: PayerPhone | None = None
    customer_email: Email | None = None


# What each method cannot do without.
_REQUIRED = {
    PaymentMethod.CARD: ("token",),
    PaymentMethod.PSE: (
        "user_type",
        "user_legal_id_type",
        "user_legal_id",
        "financial_institution_code",
    ),
    PaymentMethod.NEQUI: ("phone_number",),
    PaymentMethod.DAVIPLATA: ("phone_number", "user_legal_id_type", "user_legal_id"),
}


def _check_method(method: PaymentMethod, data: PaymentDataIn, installments: int) -> None:
    if installments > 1 and method is not PaymentMethod.CARD:
        raise ValueError("installments are for CARD only; leave them out")
    missing = [name for name in _REQUIRED.get(method, ()) if getattr(data, name) is None]
    if missing:
        wanted = ", ".join(f"payment_data.{name}" for name in missing)
        raise ValueError(f"{method.value} needs {wanted}")


class PaymentIn(_Input):
    """A payment to start."""

    order_id: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
    payment_method: PaymentMethod
    gateway: Annotated[Line, StringConstraints(max_length=20)] | None = None
    installments: Annotated[int, Field(strict=True, ge=1, le=36)] = 1
    amount: Price | None = None
    payment_data: PaymentDataIn = PaymentDataIn()

    @model_validator(mode="after")
    def check_data(self) -> Self:
        """Refuse a method without its fields."""
        _check_method(self.payment_method, self.payment_data, self.installments)
        return self

    def request(self, ip_address: str) -> PayRequest:
        """Return what is asked for, from where."""
        data = self.payment_data
        return PayRequest(
            order_id=self.order_id,
            method=self.payment_method,
            gateway=self.gateway,
            installments=self.installments,
            details=data.model_dump(exclude_none=True),
            email=data.customer_email,
            full_name=data.full_name,
            phone_number=data.phone_number,
            ip_address=ip_address,
            amount_minor=None if self.amount is None else to_minor(self.amount),
        )


class PayUIn(PaymentIn):
    """A payment to start at PayU."""

    @model_validator(mode="after")
    def check_brand(self) -> Self:
        """Refuse a card without its brand."""
        if self.payment_method is PaymentMethod.CARD and self.payment_data.card_brand is None:
            raise ValueError("CARD at PayU needs payment_data.card_brand")
        return self

    def request(self, ip_address: str) -> PayRequest:
        """Return what is asked for at PayU."""
        return replace(super().request(ip_address), gateway="payu")


class EfectyIn(_Input):
    """A payment in cash at a counter of Efecty."""

    order_id: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
    amount: Price | None = None
    payment_data: PaymentDataIn = PaymentDataIn()

    def request(self, ip_address: str) -> PayRequest:
        """Return what is asked for, at whichever gateway has Efecty."""
        whole = PaymentIn(
            order_id=self.order_id,
            payment_method=PaymentMethod.EFECTY,
            amount=self.amount,
            payment_data=self.payment_data,
        )
        return whole.request(ip_address)


class IntentIn(_Input):
    """What is to be paid: an order of one's own, whose total the amount must be."""

    order_id: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
    amount: Price
    currency: Literal["COP"] = "COP"


class IntentOut(BaseModel):
    """A payment that was made ready; POST /payments/confirm begins it."""

    intent_id: UUID
    order_id: int
    status: PaymentStatus
    amount: Amount
    currency: str


class ConfirmIn(_Input):
    """How an intent is to be paid."""

    intent_id: UUID
    payment_method: PaymentMethod
    gateway: Annotated[Line, StringConstraints(max_length=20)] | None = None
    installments: Annotated[int, Field(strict=True, ge=1, le=36)] = 1
    payment_data: PaymentDataIn = PaymentDataIn()

    @model_validator(mode="after")
    def check_data(self) -> Self:
        """Refuse a method without its fields."""
        _check_method(self.payment_method, self.payment_data, self.installments)
        return self

    def payment(self, order_id: int) -> PaymentIn:
        """Return the payment that is meant, of the order of the intent."""
        return PaymentIn(
            order_id=order_id,
            payment_method=self.payment_method,
            gateway=self.gateway,
            installments=self.installments,
            payment_data=self.payment_data,
        )


class ReturnOut(BaseModel):
    """How a payment stands when the browser comes back from a bank."""

    intent_id: UUID
    status: PaymentStatus
