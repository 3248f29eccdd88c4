"""The port to payout channels. Adapters speak a provider's dialect; nothing else does."""

from collections.abc import Mapping
from typing import Protocol

from mestore.payouts.types import BatchOrder, BatchStanding, DocumentType, Signal


class PayoutChannel(Protocol):
    """One provider that pays vendors.

    `send` raises `NotSubmitted` where the batch surely did not reach the provider, `BatchRefused`
    where the provider refused all of it, and `OutcomeUnknown` where nobody can say. `find` returns
    None where the provider knows no batch of that reference, and raises `ChannelUnavailable` where
    it does not answer.
    """

    @property
    def documents(self) -> frozenset[DocumentType]:
        """The documents of account holders that the provider takes."""
        ...

    async def send(self, order: BatchOrder) -> BatchStanding:
        """Submit a batch once; a repeat of the same reference is never paid twice."""
        ...

    async def find(self, reference: str, provider_id: str | None) -> BatchStanding | None:
        """Say how a batch and each of its lines stand."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes) -> Signal:
        """Check an event's signature on its raw bytes; raises `BadSignature` or `NotAnEvent`."""
        ...
