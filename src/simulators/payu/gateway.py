"""The account with its clock, its confirmations and its faults."""

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulators.fault_book import FaultBook
from simulators.payu.account import Account, Order, Transaction
from simulators.payu.config import Config
from simulators.payu.confirmations import Confirmations

Operation = Literal["charge", "refund", "orders", "banks", "any"]
Kind = Literal[
    "refuse",
    "timeout_after",
    "error_500_after",
    "error_500_before",
    "half_json",
    "slow",
    "rate_limit",
    "code_error",
]
TICK_SECONDS = 0.5


class Fault(BaseModel):
    """What goes wrong, with which operation, how many times and for how long."""

    model_config = ConfigDict(extra="forbid")

    operation: Operation
    fault: Kind
    times: int = Field(default=1, ge=1)
    seconds: float = Field(default=60.0, ge=0)
    error: str = "Internal error"
    """The text of a `code_error`."""


class Gateway:
    """One simulated merchant account."""

    def __init__(self, config: Config) -> None:
        self.start_config = config
        self.config = config.model_copy()
        self.account = Account()
        self.confirmations = Confirmations(self.config)
        self.faults = FaultBook[Fault]()

    def finish(self, order: Order, transaction: Transaction, state: str) -> None:
        """End a transaction and tell the shop."""
        self.account.end(transaction, state)
        self.confirmations.send(order, transaction)

    def ripen(self) -> None:
        """End what ends by itself by now, and tell the shop."""
        for each in self.account.ripen():
            self.confirmations.send(self.account.orders[each.order_id], each)

    async def tick(self) -> None:
        """Look at the clock for ever."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.ripen()

    def reset(self) -> None:
        """Go back to how it was just after the start."""
        self.account.reset()
        self.confirmations.clear()
        self.faults.clear()
        for name, value in self.start_config:
            setattr(self.config, name, value)
