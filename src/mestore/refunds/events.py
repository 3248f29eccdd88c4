"""What refunds tell the other rooms."""

from dataclasses import dataclass

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class OrderRefunded(Event):
    """Money of an order went back to its buyer; published once a refund."""

    refund_id: int
    order_id: int
    amount_minor: int
    is_whole: bool
