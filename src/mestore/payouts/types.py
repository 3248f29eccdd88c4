"""The words of payouts. Amounts are minor units."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID


class AccountType(StrEnum):
    """The kinds of account that Colombian banks and wallets keep."""

    AHORROS = "AHORROS"
    CORRIENTE = "CORRIENTE"
    DEPOSITO = "DEPOSITO"


class DocumentType(StrEnum):
    """The documents by which a bank knows the holder of an account."""

    CC = "CC"
    CE = "CE"
    NIT = "NIT"
    PP = "PP"
    TI = "TI"
    PEP = "PEP"
    PPT = "PPT"


class AccountState(StrEnum):
    """Whether money may go there. A REJECTED one was turned down by a bank: name it again."""

    ACTIVE = "ACTIVE"
    REJECTED = "REJECTED"


class PayoutState(StrEnum):
    """Where a payout stands. UNKNOWN is a sent one of which nobody can say how it ended."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    PAID = "PAID"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


OPEN_STATES = frozenset(
    {PayoutState.REQUESTED, PayoutState.APPROVED, PayoutState.SENT, PayoutState.UNKNOWN}
)
SENT_STATES = frozenset({PayoutState.SENT, PayoutState.UNKNOWN})


class Channel(StrEnum):
    """By what a payout leaves: one transfer by hand, a file for a bank, Wompi's payouts."""

    MANUAL = "MANUAL"
    BANK_FILE = "BANK_FILE"
    WOMPI = "WOMPI"


class BatchState(StrEnum):
    """Where a batch stands.

    READY was committed and waits to be sent, SENDING was claimed for one call that has no answer
    yet, UNKNOWN had an answer that says nothing: the last two are asked about, never sent again
    before they are surely absent. REFUSED gave its payouts back.
    """

    READY = "READY"
    SENDING = "SENDING"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    REFUSED = "REFUSED"


ASKED_STATES = frozenset({BatchState.SENDING, BatchState.SENT, BatchState.UNKNOWN})


class LineEnd(StrEnum):
    """What a channel says of one payout."""

    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class PayoutPolicy:
    """What the operator chose for payouts; from `four_eyes_from_minor` on two people approve.

    `is_daily` has a payout of all that is available asked for each vendor, every night.
    """

    minimum_minor: int = 1_000_000
    four_eyes_from_minor: int = 500_000_000
    account_hold: timedelta = timedelta(hours=72)
    is_daily: bool = False
    wallet_maximum_minor: int = 0
    """What a low-value deposit of a person takes in a month; none where it is 0."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a vendor wants its money; a NIT is kept as `900123456-8`."""

    bank_code: str
    account_type: AccountType
    account_number: str
    holder_name: str
    document_type: DocumentType
    document_number: str

    @property
    def is_low_value(self) -> bool:
        """Say whether the law lets only so much a month move on it; companies have no such one."""
        is_company = self.document_type is DocumentType.NIT
        return self.account_type is AccountType.DEPOSITO and not is_company


@dataclass(frozen=True, slots=True)
class KeptAccount:
    """A vendor's bank account as its row has it."""

    account: BankAccount
    state: AccountState
    usable_from: datetime


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout as its row has it now."""

    id: UUID
    number: int
    vendor_id: UUID
    amount_minor: int
    currency: str
    state: PayoutState
    channel: Channel | None
    account: dict[str, Any]
    contact_email: str | None
    reference: str
    batch_id: int | None
    approvals: int
    requested_by: UUID | None
    created_at: datetime
    sent_at: datetime | None

    @property
    def bank_account(self) -> BankAccount:
        """Return the account that was the vendor's when the payout was requested."""
        return account_of(self.account)


def account_of(found: dict[str, Any]) -> BankAccount:
    """Return an account from what a payout keeps of it."""
    return BankAccount(
        found["bank_code"],
        AccountType(found["account_type"]),
        found["account_number"],
        found["holder_name"],
        DocumentType(found["document_type"]),
        found["document_number"],
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its row has it now."""

    id: int
    reference: str
    channel: Channel
    state: BatchState
    provider_id: str | None
    polls: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """What a channel is asked to pay; its reference is its idempotency key too."""

    reference: str
    payouts: tuple[Payout, ...]


@dataclass(frozen=True, slots=True)
class LineResult:
    """What a channel or a bank says of one payout; a failure may not be the account's."""

    reference: str
    end: LineEnd
    amount_minor: int | None = None
    code: str | None = None
    bank_reference: str | None = None
    is_of_account: bool = True


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """How a batch stands at its channel; no line of it moves any more where it `is_final`."""

    provider_id: str
    is_final: bool
    lines: tuple[LineResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """A signed event: it says whom to ask about, and nothing that is believed."""

    key: str
    provider_id: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a bank's answers, by the references of payouts.

    `repeated` had ended so before, `contradicted` otherwise, `unknown` are not of the batch.
    """

    applied: tuple[str, ...]
    repeated: tuple[str, ...]
    contradicted: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayoutFilter:
    """Which payouts to list; all that is given has to fit."""

    vendor_id: UUID | None = None
    state: PayoutState | None = None
    channel: Channel | None = None
    batch_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
