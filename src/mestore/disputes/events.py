"""What disputes tell the other rooms."""

from dataclasses import dataclass

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class DisputeOpened(Event):
    """A buyer disputes a payment; `order_id` is None for money that no order has."""

    dispute_id: int
    order_id: int | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DisputeClosed(Event):
    """A dispute was decided, or its decision was corrected."""

    dispute_id: int
    order_id: int | None
    amount_minor: int
    is_won: bool
