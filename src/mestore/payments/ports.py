"""The port to payment gateways. Adapters speak a provider's dialect; nothing else does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from mestore.payments.types import (
    Acceptance,
    Bank,
    Charge,
    DisputeOutcome,
    GatewayProfile,
    Notice,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundOutcome,
)
from mestore.payments.vouchers import (
    CashPayment,
    CashQuestion,
    CashState,
    CashVoucher,
    Collection,
)


class PaymentGateway(Protocol):
    """One payment provider.

    `start` raises `NotSubmitted` where the charge surely did not reach the provider, `Declined`
    where the provider refused it, and `OutcomeUnknown` where nobody can say.
    `fetch` raises `TransactionUnknown` for an id that the provider does not know, `find` returns
    None where it knows no transaction of that reference; both raise `GatewayUnavailable` where it
    does not answer. `banks` and `acceptance` then serve the last answer known, and raise
    `Unavailable` where there is none.
    """

    @property
    def code(self) -> str:
        """The gateway's name in our tables and addresses."""
        ...

    @property
    def methods(self) -> frozenset[PaymentMethod]:
        """The methods that this gateway takes."""
        ...

    @property
    def profile(self) -> GatewayProfile:
        """What anybody may know of this gateway."""
        ...

    async def start(self, charge: Charge) -> Outcome:
        """Submit a charge once."""
        ...

    async def fetch(self, transaction_id: str) -> Outcome:
        """Ask for the present state of a transaction."""
        ...

    async def find(self, reference: str) -> Outcome | None:
        """Look a transaction up by our reference."""
        ...

    async def banks(self) -> list[Bank]:
        """List the banks that PSE reaches now."""
        ...

    async def acceptance(self) -> Acceptance:
        """Return the documents that a shopper accepts before paying."""
        ...

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back once; raises as `start` does, `OutcomeUnknown` included."""
        ...

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say how a refund stands; None where the gateway surely never got it."""
        ...

    async def find_dispute(self, dispute_id: str) -> DisputeOutcome | None:
        """Say how a dispute stands; None where the gateway has none of that id, or none at all."""
        ...

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """List what the gateway took between two instants; None where it has no such list."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check a webhook's signature on its raw bytes; raises `BadSignature` or `NotAnEvent`."""
        ...


class CashBook(Protocol):
    """Our own record of vouchers and of what counters told: Efecty has no API that can be asked.

    `issue` raises `NotSubmitted` where surely nothing was written and `OutcomeUnknown` where nobody
    can say; the questions raise `GatewayUnavailable`.
    """

    async def issue(self, charge_reference: str, amount_minor: int) -> CashVoucher:
        """Give out the one voucher of a charge; the same charge gets the same voucher again."""
        ...

    async def of_charge(self, charge_reference: str) -> CashState | None:
        """Return the voucher of a charge, and what was told of it."""
        ...

    async def of_reference(self, reference: str) -> CashState | None:
        """Return what is known of a reference; None where neither voucher nor payment has it."""
        ...

    async def between(self, since: datetime, until: datetime) -> list[CashState]:
        """Return the vouchers given out in a period, and payments told then that have none."""
        ...


@runtime_checkable
class CashNetwork(Protocol):
    """A gateway that speaks to us: it tells of payments at counters, and asks what may be paid.

    The readers of messages raise `NotAnEvent` and `BadSignature`, that of files the refusals of
    collections.
    """

    def check_agreement(self, convenio: str | None) -> None:
        """Raise `OtherAgreement` for the number of another agreement than ours."""
        ...

    def payment_of(self, body: bytes) -> CashPayment:
        """Read a signed message about a payment or its annulment."""
        ...

    def question_of(self, body: bytes) -> CashQuestion:
        """Read a signed question whether a reference may be paid."""
        ...

    def collection_of(self, content: bytes) -> Collection:
        """Read a collection file whose trailer agrees with its lines."""
        ...
