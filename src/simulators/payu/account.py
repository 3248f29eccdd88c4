"""The simulated account, held in memory: its orders, and how they change with its own clock."""

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

DAY = 86_400
LONGEST_VOUCHER = 7 * DAY
FINAL = {"APPROVED": "4", "DECLINED": "6", "ERROR": "6", "EXPIRED": "5"}
CODES = {
    "APPROVED": "APPROVED",
    "DECLINED": "ENTITY_DECLINED",
    "ERROR": "INTERNAL_PAYMENT_PROVIDER_ERROR",
    "EXPIRED": "EXPIRED_TRANSACTION",
}
CASH = frozenset({"EFECTY", "OTHERS_CASH", "BANK_REFERENCED"})


@dataclass(slots=True)
class Transaction:
    """A charge, or money given back."""

    id: str
    order_id: int
    type: str
    method: str
    value: Decimal
    made_at: float
    state: str = "PENDING"
    code: str = "PENDING_TRANSACTION_CONFIRMATION"
    pending_reason: str | None = None
    extra: Row = field(default_factory=dict)
    parent: str | None = None
    reason: str | None = None
    masked: str | None = None
    is_shown: bool = True
    """A refund that is being reviewed is not listed."""
    ends_at: float | None = None
    """When it ends by itself, by the simulator's clock."""
    ends_as: str = "EXPIRED"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more is awaited."""
        return self.state in FINAL


@dataclass(slots=True)
class Order:
    """What the shop asked for under one reference, and all its transactions."""

    id: int
    reference: str
    value: Decimal
    currency: str
    description: str
    notify_url: str | None
    return_url: str | None
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def charges(self) -> list[Transaction]:
        """Give the tries to pay."""
        return [each for each in self.transactions if each.parent is None]

    def status(self) -> str:
        """Name the state of the order as the queries do."""
        approved = [each for each in self.charges if each.state == "APPROVED"]
        if not approved:
            has_open = any(not each.is_final for each in self.charges)
            return "IN_PROGRESS" if has_open else "DECLINED"
        given = [each for each in self.transactions if each.parent and each.state == "APPROVED"]
        back = sum((each.value for each in given), Decimal(0))
        return "REFUNDED" if back >= self.value else "CAPTURED"


@dataclass(slots=True)
class Card:
    """What a token stands for."""

    method: str
    masked: str
    state: str


MAGIC_CARDS = {
    "token-approved": Card("VISA", "411111******1111", "APPROVED"),
    "token-rejected": Card("VISA", "411111******1111", "DECLINED"),
    "token-pending": Card("VISA", "411111******1111", "PENDING"),
    "token-error": Card("VISA", "411111******1111", "ERROR"),
}
"""Tokens that end as their name says, as cards with the holders APPROVED and REJECTED do."""


class Account:
    """Orders by id, oldest first. Its clock can be put forward."""

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self.ahead = 0.0
        self.orders: dict[int, Order] = {}
        self.cards: dict[str, Card] = dict(MAGIC_CARDS)

    def now(self) -> float:
        """Read the simulator's own clock."""
        return self._real() + self.ahead

    def reset(self) -> None:
        """Forget everything."""
        self.ahead = 0.0
        self.orders.clear()
        self.cards = dict(MAGIC_CARDS)

    def open(self, order: Order) -> None:
        """Keep a new order."""
        self.orders[order.id] = order

    def add(self, order: Order, kind: str, method: str, value: Decimal) -> Transaction:
        """Begin a transaction of an order."""
        made = Transaction(str(uuid.uuid4()), order.id, kind, method, value, self.now())
        order.transactions.append(made)
        return made

    def find(self, transaction_id: str) -> tuple[Order, Transaction] | None:
        """Find a transaction with its order."""
        for order in self.orders.values():
            for each in order.transactions:
                if each.id == transaction_id:
                    return order, each
        return None

    def end(self, transaction: Transaction, state: str, code: str | None = None) -> None:
        """Give a transaction its state, whatever it had before."""
        transaction.state = state
        transaction.code = code or CODES.get(state, "PENDING_TRANSACTION_CONFIRMATION")
        transaction.pending_reason = None
        transaction.is_shown = True

    def ripen(self) -> list[Transaction]:
        """End what ends by itself by now, and give it."""
        ended = []
        for order in self.orders.values():
            for each in order.charges:
                if not each.is_final and each.ends_at is not None and each.ends_at <= self.now():
                    self.end(each, each.ends_as)
                    ended.append(each)
        return ended


def new_order_id() -> int:
    """Make up an id as PayU's look."""
    return 1_400_000_000 + secrets.randbelow(500_000_000)
