"""The words of checkout."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from mestore.kernel.breaker import Breaker, CircuitState
from mestore.kernel.db import Database
from mestore.orders.types import Address, OrderMoney
from mestore.payments.ports import PaymentGateway
from mestore.payments.types import Payer, PaymentMethod, PaymentStatus
from mestore.payments.types.screening import CardFacts


@dataclass(frozen=True, slots=True)
class PaymentWindows:
    """How long an unpaid order keeps its stock, by the way it is being paid."""

    unpaid: timedelta = timedelta(minutes=30)
    pse: timedelta = timedelta(hours=24)
    cash: timedelta = timedelta(days=3)
    """How long a voucher can be paid at a counter."""
    after_cash: timedelta = timedelta(hours=24)
    """How long after that a counter may take to tell."""
    after_review: timedelta = timedelta(hours=24)
    """How long a buyer may pay after staff let the order go on."""

    def of(self, method: PaymentMethod) -> timedelta:
        """Return the window of a method."""
        if method.is_cash:
            return self.cash + self.after_cash
        return self.pse if method is PaymentMethod.PSE else self.unpaid


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks about an order: a signed-in buyer, a guest by the Session-ID, or staff."""

    buyer_id: UUID | None
    guest_session: str | None
    email: str | None
    is_staff: bool = False

    @property
    def principal(self) -> str:
        """Whose idempotency keys these are; no session can pass for a buyer's id."""
        return f"guest:{self.guest_session}" if self.buyer_id is None else f"user:{self.buyer_id}"


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line as it is asked for. Prices never come from a client."""

    product_id: UUID
    variant_id: UUID | None
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a buyer asks for; without `items` it is the cart."""

    items: tuple[WantedLine, ...] | None
    ship_to: Address
    email: str
    shipping_method: str | None = None
    billing_address: dict[str, Any] | None = None
    notes: str | None = None
    expected_total_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PayRequest:
    """How a buyer wants to pay an order. What the payer leaves out is taken from the order."""

    order_id: int
    method: PaymentMethod
    gateway: str | None
    installments: int
    details: dict[str, Any]
    email: str | None = None
    full_name: str | None = None
    phone_number: str | None = None
    ip_address: str | None = None
    amount_minor: int | None = None
    user_agent: str | None = None

    def payer(self, order: OrderMoney) -> Payer:
        """Return who pays, as gateways ask for it."""
        return Payer(
            email=self.email or order.customer_email,
            full_name=self.full_name or order.ship_to.name,
            phone_number=self.phone_number or order.ship_to.phone,
            legal_id_type=self.details.get("user_legal_id_type"),
            legal_id=self.details.get("user_legal_id"),
            ip_address=self.ip_address,
            user_agent=self.user_agent,
            device_id=self.details.get("device_session_id"),
            card=self.card,
        )

    @property
    def card(self) -> CardFacts | None:
        """What the buyer's page says of the card, which the gateway says again."""
        told = {name: self.details.get(f"card_{name}") for name in ("bin", "last_four", "country")}
        return CardFacts(**told) if any(told.values()) else None


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment that was made ready for an order."""

    payment_id: UUID
    order_id: int
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Outside:
    """What payments need of the world: the database, the gateways, where browsers come back to."""

    database: Database
    gateways: Mapping[str, PaymentGateway]
    base_url: str
    breaker: Breaker | None = None

    def is_left_alone(self, gateway: str, method: PaymentMethod) -> bool:
        """Say whether a gateway failed so often at a method that it is not called now."""
        if self.breaker is None:
            return False
        return self.breaker.snapshot().get((gateway, method.value)) is CircuitState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """A payment and its youngest attempt, as clients see them.

    `payment_url` is where the buyer goes on, if anywhere; `voucher` is what is shown at a counter;
    `fraud_score` and `fraud_reasons` are told to staff alone; `notice` says what a buyer waits for.
    """

    intent_id: UUID
    transaction_id: str | None
    order_id: int
    gateway: str
    status: PaymentStatus
    amount: int | float
    currency: str
    payment_url: str | None
    voucher: dict[str, Any] | None = None
    fraud_score: int | None = None
    fraud_reasons: tuple[str, ...] = ()
    notice: str | None = None
