"""The port to payment gateways. Adapters speak a provider's dialect; nothing else does."""

from collections.abc import Mapping
from typing import Protocol

from mestore.payments.types import (
    Acceptance,
    Bank,
    Charge,
    GatewayProfile,
    Notice,
    Outcome,
    PaymentMethod,
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

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check a webhook's signature on its raw bytes; raises `BadSignature` or `NotAnEvent`."""
        ...
