"""A payment gateway in memory: answers at once, on command not at all, and can be held up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from mestore.payments.errors import (
    BadSignature,
    GatewayUnavailable,
    OutcomeUnknown,
    TransactionUnknown,
)
from mestore.payments.types import (
    Acceptance,
    AttemptStatus,
    Charge,
    DisputeOutcome,
    GatewayProfile,
    Limits,
    Notice,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundOutcome,
    RefundStatus,
)
from mestore.payments.types import (
    Bank as PseBank,
)

CODE = "bank"
METHODS = frozenset(PaymentMethod)


async def _nothing() -> None:
    """Hold nobody up."""


@dataclass
class Bank:
    """The port `PaymentGateway` over a dictionary, for interleavings that HTTP cannot time.

    `pause` is awaited before every answer; a test lets other things happen there.
    """

    opened: dict[str, Outcome] = field(default_factory=dict)
    refunded: dict[str, RefundOrder] = field(default_factory=dict)
    started: list[Charge] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    is_silent: bool = False
    has_refunded: bool = False
    """Whether it gave everything back before anybody asked it to."""
    asked_back: int = 0
    """How often it was asked to give money back."""
    pause: Callable[[], Awaitable[None]] = _nothing
    refusal: Exception | None = None

    code = CODE
    methods = METHODS
    profile = GatewayProfile("test", "pub", "http://bank.example", {m: Limits() for m in METHODS})

    @classmethod
    def giving(cls) -> Self:
        """Return one that can send back all it took, and parts of that."""
        found = cls()
        found.profile = replace(found.profile, refundable=METHODS, partly_refundable=METHODS)
        return found

    async def start(self, charge: Charge) -> Outcome:
        """Open a PENDING transaction; silent, it opens it and does not say so."""
        self.started.append(charge)
        if self.refusal is not None:
            await self.pause()
            raise self.refusal
        outcome = Outcome(
            gateway=CODE,
            reference=charge.reference,
            transaction_id=f"t-{charge.reference}",
            status=AttemptStatus.PENDING,
            amount_minor=charge.amount_minor,
            currency=charge.currency,
            payment_url=f"http://bank.example/{charge.reference}",
        )
        self.opened[charge.reference] = outcome
        await self.pause()
        if self.is_silent:
            raise OutcomeUnknown("silent")
        return outcome

    async def fetch(self, transaction_id: str) -> Outcome:
        """Say how a transaction stands."""
        self.asked.append(transaction_id)
        await self._answer()
        for outcome in self.opened.values():
            if outcome.transaction_id == transaction_id:
                return outcome
        raise TransactionUnknown

    async def find(self, reference: str) -> Outcome | None:
        """Look a transaction up."""
        self.asked.append(reference)
        await self._answer()
        return self.opened.get(reference)

    async def banks(self) -> list[PseBank]:
        """List no banks."""
        return []

    async def acceptance(self) -> Acceptance:
        """Return two addresses."""
        return Acceptance("http://bank.example/1", "http://bank.example/2")

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back at once; silent, it does so and does not say it."""
        self.asked_back += 1
        if self.refusal is not None:
            await self.pause()
            raise self.refusal
        self.refunded[order.reference] = order
        await self.pause()
        if self.is_silent:
            raise OutcomeUnknown("silent")
        return RefundOutcome(RefundStatus.APPROVED, f"r-{order.reference}")

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say how a refund stands."""
        await self._answer()
        if order.reference not in self.refunded and not self.has_refunded:
            return None
        return RefundOutcome(RefundStatus.APPROVED, f"r-{order.reference}")

    async def find_dispute(self, dispute_id: str) -> DisputeOutcome | None:
        """Know no disputes."""
        return None

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """List every transaction, whenever it was."""
        await self._answer()
        return list(self.opened.values())

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Believe nothing."""
        raise BadSignature

    def say(self, reference: str, status: AttemptStatus, **changes: object) -> Outcome:
        """Make a transaction stand like this from now on, and return what the bank says of it."""
        said = replace(self.opened[reference], status=status, **changes)  # type: ignore[arg-type]
        self.opened[reference] = said
        return said

    async def _answer(self) -> None:
        await self.pause()
        if self.is_silent:
            raise GatewayUnavailable


def once(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """Return a pause that does `work` the first time and nothing later."""
    is_done = asyncio.Event()

    async def pause() -> None:
        if not is_done.is_set():
            is_done.set()
            await work()

    return pause
