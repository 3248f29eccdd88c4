"""What the public addresses of payments answer."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mestore.kernel.breaker import CircuitState
from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.money import MAXIMUM_MINOR, Amount
from mestore.payments.types import PaymentMethod
from mestore.payments.vouchers import COUNTER_TIME, CashKind, CashPayment, LineResult, Validity


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


class CashConfirmIn(BaseModel):
    """A payment at a counter, or its annulment, under the names that Efecty's network uses.

    `valor` is whole pesos, `fecha` a time in Bogotá as `2026-01-31 15:04:05`. The network signs
    with `firma` and sends every field; staff leave `firma` out, and what they do not know.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    referencia: Annotated[str, Field(pattern=r"^[0-9]{1,25}$")]
    valor: (
        Annotated[int, Field(strict=True, ge=1, le=MAXIMUM_MINOR // 100)]
        | Annotated[str, Field(pattern=r"^[0-9]{1,12}$")]
    )
    autorizacion: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")]
    fecha: Annotated[str, Field(pattern=r"^2[0-9]{3}-[0-9]{2}-[0-9]{2} [0-9:]{8}$")] | None = None
    convenio: Annotated[str, Field(pattern=r"^[0-9]{1,10}$")] | None = None
    punto: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    estado: Literal["PAGADA", "ANULADA"] = "PAGADA"
    firma: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")] | None = None

    @field_validator("fecha")
    @classmethod
    def check_time(cls, value: str | None) -> str | None:
        """Refuse a time that is none."""
        if value is not None:
            datetime.strptime(value, COUNTER_TIME)  # noqa: DTZ007  the zone is added when it is read
        return value

    @field_validator("valor")
    @classmethod
    def check_amount(cls, value: int | str) -> int:
        """Refuse nothing, and more than any sale."""
        amount = int(value)
        if not 1 <= amount <= MAXIMUM_MINOR // 100:
            raise ValueError("valor is no amount of a sale")
        return amount

    def payment(self) -> CashPayment:
        """Return what staff tell; without a time it is now."""
        at = datetime.strptime(self.fecha, COUNTER_TIME) if self.fecha else None  # noqa: DTZ007
        return CashPayment(
            reference=self.referencia,
            authorization=self.autorizacion,
            kind=CashKind.ANNULLED if self.estado == "ANULADA" else CashKind.PAID,
            amount_minor=int(self.valor) * 100,
            paid_at=at.replace(tzinfo=BOGOTA).astimezone(UTC) if at else now(),
            point=self.punto or None,
        )


class CashConfirmedOut(BaseModel):
    """The payment is written down; `repeated` says that it was before. Settling it follows."""

    received: Literal[True] = True
    repeated: bool
    transaction_id: str


class VoucherOut(BaseModel):
    """Whether a voucher can be paid now. Nothing here tells whose it is."""

    code: str
    status: Validity
    payable: bool
    amount: Amount
    currency: str
    expires_at: datetime


class CashQuestionIn(BaseModel):
    """The network asks whether a reference may be paid; `valor` where the payer named an amount."""

    convenio: str
    referencia: str
    valor: int | None = None
    firma: str


class CashAnswerOut(BaseModel):
    """What a counter is told: 0000 payable, 0001 unknown, 0002 over, 0003 paid, 0004 other amount.

    `valor` is whole pesos, `vencimiento` a time in Bogotá.
    """

    codigo: Literal["0000", "0001", "0002", "0003", "0004"]
    valor: int | None = None
    vencimiento: str | None = None


class PostedLineOut(BaseModel):
    """A line of a collection file and what became of it."""

    line: int
    reference: str
    authorization: str
    amount: float
    result: LineResult


class PostedCollectionOut(BaseModel):
    """A collection file that was posted."""

    id: int
    digest: str
    line_count: int
    total: float
    created_at: datetime
    lines: list[PostedLineOut]
