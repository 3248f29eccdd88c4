"""What notifications write when something happened."""

from mestore.notifications.subscribers.orders import (
    on_low_stock,
    on_order_paid,
    on_order_placed,
    on_order_refunded,
    on_review_decided,
    on_review_opened,
)
from mestore.notifications.subscribers.people import (
    on_bank_account_changed,
    on_matches_found,
    on_password_changed,
    on_prices_dropped,
)

__all__ = [
    "on_bank_account_changed",
    "on_low_stock",
    "on_matches_found",
    "on_order_paid",
    "on_order_placed",
    "on_order_refunded",
    "on_password_changed",
    "on_prices_dropped",
    "on_review_decided",
    "on_review_opened",
]
