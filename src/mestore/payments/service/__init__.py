"""The use cases of payments: what is open, what became of it, and cash at a counter."""

from mestore.payments.polling import was_not_received
from mestore.payments.service.cash import CashBookInTables, CashService, look_up
from mestore.payments.service.collections import post_collection
from mestore.payments.service.payments import BLOCKED_FOR, PaymentService
from mestore.payments.service.reading import Attempts, Queues
from mestore.payments.service.reviews import ReviewService, read_review
from mestore.payments.service.rules import change_rules, known_rules, rules_in_force
from mestore.payments.service.screening import Screened, ScreeningService, again

__all__ = [
    "BLOCKED_FOR",
    "Attempts",
    "CashBookInTables",
    "CashService",
    "PaymentService",
    "Queues",
    "ReviewService",
    "Screened",
    "ScreeningService",
    "again",
    "change_rules",
    "known_rules",
    "look_up",
    "post_collection",
    "read_review",
    "rules_in_force",
    "was_not_received",
]
