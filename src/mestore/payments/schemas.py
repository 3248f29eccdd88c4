"""What the public addresses of payments answer."""

from typing import Literal

from pydantic import BaseModel

from mestore.kernel.breaker import CircuitState
from mestore.kernel.money import Amount
from mestore.payments.types import PaymentMethod


class GatewayOut(BaseModel):
    """A configured gateway."""

    gateway: str
    environment: str
    methods: list[PaymentMethod]


class PaymentsOut(BaseModel):
    """What this shop takes, and where to read more."""

    currency: str
    gateways: list[GatewayOut]
    links: dict[str, str]


class Range(BaseModel):
    """A whole number between two others, both allowed."""

    min: int
    max: int


class AcceptanceOut(BaseModel):
    """The documents that a shopper must see and accept before paying."""

    policy_url: str
    personal_data_url: str


class GatewayConfigOut(GatewayOut):
    """What a browser needs to talk to a gateway itself; `acceptance` is null while it is down."""

    public_key: str
    api_url: str
    acceptance: AcceptanceOut | None


class ConfigOut(BaseModel):
    """What a shop front needs before it can offer a payment."""

    currency: str
    installments: Range
    gateways: list[GatewayConfigOut]


class Words(BaseModel):
    """A text in both languages of the shop."""

    es: str
    en: str


class LimitsOut(BaseModel):
    """The smallest and the largest amount in pesos; null where the gateway names none."""

    min: Amount | None
    max: Amount | None


class BankOut(BaseModel):
    """A bank that PSE reaches."""

    code: str
    name: str


class MethodOut(BaseModel):
    """One way to pay. `installments` is for cards, `banks` for PSE, else they are null."""

    method: PaymentMethod
    gateway: str
    name: Words
    currency: str
    limits: LimitsOut
    installments: Range | None
    banks: list[BankOut] | None


class MethodsOut(BaseModel):
    """Every way to pay that is configured."""

    methods: list[MethodOut]


class ReceivedOut(BaseModel):
    """The event is stored."""

    received: Literal[True] = True


class GatewayHealthOut(BaseModel):
    """Whether a gateway is being called: the circuits of its methods and of other operations."""

    gateway: str
    environment: str
    status: Literal["ok", "degraded"]
    circuits: dict[str, CircuitState]


class HealthOut(BaseModel):
    """`degraded` while a circuit of any gateway is not closed."""

    status: Literal["ok", "degraded"]
    gateways: list[GatewayHealthOut]
