"""Vouchers of an own agreement with Efecty: their numbers, their bar code, and until when they pay.

The scheme of the reference is ours to choose: an agreement may dictate another, so all of it is a
setting. The bar code follows GS1 (application identifiers 415, 8020, 3900, 96) as Colombian bills
have it: everything in pairs of digits, so that Code 128 stays in set C.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from mestore.kernel.clock import BOGOTA
from mestore.payments.polling import LONGEST_VOUCHER

EFECTY = "efecty"
"""The gateway's code."""

CONFIRMATION_LAG = timedelta(hours=24)
"""How long after the end of a voucher the network may still tell of its payment."""

FNC1 = "<FNC1>"
"""How the element string names the function character between two fields."""

COUNTER_TIME = "%Y-%m-%d %H:%M:%S"
"""How the network writes a time in Bogotá."""

SEQUENCE_DIGITS = 9
_LAST_SECOND = time(23, 59, 59)


class CheckDigit(StrEnum):
    """How the last digit of a reference follows from the others."""

    LUHN = "luhn"
    MOD10 = "mod10"
    MOD11 = "mod11"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EfectyPolicy:
    """The operator's agreement with Efecty. Without a secret the gateway is not offered.

    Amounts are in minor units; `amount_digits` is how wide the bar code writes whole pesos.
    """

    secret: str | None = field(default=None, repr=False)
    convenio: str = ""
    gln: str | None = None
    """The collector's global location number; without one a voucher has no bar code."""
    prefix: str = "11"
    check_digit: CheckDigit = CheckDigit.LUHN
    amount_digits: int = 10
    minimum_minor: int = 2_000_000
    maximum_minor: int = 300_000_000
    expiry_hours: int = 72
    is_production: bool = False


class CashKind(StrEnum):
    """What a counter tells of a voucher. An annulment names the authorization it takes back."""

    PAID = "PAID"
    ANNULLED = "ANNULLED"


class CashSource(StrEnum):
    """Who told of a payment at a counter."""

    NETWORK = "NETWORK"
    STAFF = "STAFF"
    FILE = "FILE"


class Validity(StrEnum):
    """Whether a voucher can be paid now."""

    PAYABLE = "PAYABLE"
    EXPIRED = "EXPIRED"
    ALREADY_PAID = "ALREADY_PAID"


class LineResult(StrEnum):
    """What became of a line of a collection file."""

    POSTED = "POSTED"
    REPEATED = "REPEATED"
    """It was told before, online or in another file."""
    UNKNOWN = "UNKNOWN"
    """No voucher has its reference; the money goes to the queue of orphans."""
    DIFFERS = "DIFFERS"
    """The same authorization was told before with another amount; it is not posted again."""


@dataclass(frozen=True, slots=True)
class CashVoucher:
    """A voucher that was given out for one attempt."""

    id: int
    reference: str
    charge_reference: str
    amount_minor: int
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CashPayment:
    """What a counter told: this much, for this reference, under this authorization."""

    reference: str
    authorization: str
    kind: CashKind
    amount_minor: int
    paid_at: datetime
    point: str | None = None
    voucher_id: int | None = None
    """Whose payment it is; None where no voucher had its reference when it was told."""

    @property
    def transaction_id(self) -> str:
        """Each payment is a transaction of its own: one voucher can be paid twice."""
        return f"{bare(self.reference)}-{self.authorization}"

    def event_key(self, convenio: str) -> str:
        """What makes a repeat of the same message the same, however it came."""
        return f"{convenio}:{self.transaction_id}:{self.kind}"


@dataclass(frozen=True, slots=True)
class CashState:
    """A voucher with what counters told of it; without a voucher, payments that are nobody's."""

    voucher: CashVoucher | None
    payments: tuple[CashPayment, ...]


@dataclass(frozen=True, slots=True)
class CashQuestion:
    """The network asks whether a reference may be paid, perhaps with which amount."""

    reference: str
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class CollectionLine:
    """One payment of a collection file, with its number in the file and its text."""

    number: int
    text: str
    payment: CashPayment


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection file whose trailer agrees with its lines."""

    digest: str
    total_minor: int
    lines: tuple[CollectionLine, ...]


def bare(reference: str) -> str:
    """Return a reference without leading zeros: files drop them, so this is what is compared."""
    return reference.lstrip("0")


def reference_of(prefix: str, sequence: int, scheme: CheckDigit) -> str:
    """Return prefix, nine digits of the sequence, and the check digit where there is one."""
    payload = f"{prefix}{sequence:0{SEQUENCE_DIGITS}d}"
    if len(payload) > len(prefix) + SEQUENCE_DIGITS:
        raise OverflowError("the references of this prefix are used up; set another prefix")
    return payload + check_digit(payload, scheme)


def check_digit(payload: str, scheme: CheckDigit) -> str:
    """Return the check digit of a payload; of modulus 11, the remainders 10 and 11 give 0."""
    digits = [int(digit) for digit in reversed(payload)]
    if scheme is CheckDigit.LUHN:
        doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::2]]
        return str(-(sum(doubled) + sum(digits[1::2])) % 10)
    if scheme is CheckDigit.MOD10:
        return str(-(3 * sum(digits[::2]) + sum(digits[1::2])) % 10)
    if scheme is CheckDigit.MOD11:
        weighed = sum(digit * (2 + index % 6) for index, digit in enumerate(digits))
        return str((11 - weighed % 11) % 11 % 10)
    return ""


def is_gln(number: str) -> bool:
    """Say whether these are the 13 digits of a location number with the right check digit."""
    is_number = len(number) == 13 and number.isascii() and number.isdigit()
    return is_number and check_digit(number[:-1], CheckDigit.MOD10) == number[-1]


def expiry_of(issued: datetime, hours: int) -> datetime:
    """Return the end of the day in Bogotá on which so many hours are over; at most seven days."""
    day = (issued + timedelta(hours=hours)).astimezone(BOGOTA).date()
    ends = datetime.combine(day, _LAST_SECOND, BOGOTA)
    if ends > issued + LONGEST_VOUCHER:
        ends -= timedelta(days=1)
    return ends.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class BillCode:
    """The four fields of the bar code on a Colombian bill, as they are printed."""

    gln: str
    reference: str
    amount: str
    due: str

    @classmethod
    def of(cls, voucher: CashVoucher, gln: str, amount_digits: int) -> "BillCode":
        """Return the code of a voucher: whole pesos, and the day in Bogotá that it ends on."""
        padding = "0" if len(voucher.reference) % 2 else ""
        return cls(
            gln,
            padding + voucher.reference,
            f"{voucher.amount_minor // 100:0{amount_digits}d}",
            f"{voucher.expires_at.astimezone(BOGOTA):%Y%m%d}",
        )

    @property
    def human_readable(self) -> str:
        """The text under the bars."""
        return f"(415){self.gln}(8020){self.reference}(3900){self.amount}(96){self.due}"

    @property
    def element_string(self) -> str:
        """What the bars say: a field of variable length ends with FNC1, and so does the start."""
        fields = (f"415{self.gln}8020{self.reference}", f"3900{self.amount}", f"96{self.due}")
        return FNC1 + FNC1.join(fields)
