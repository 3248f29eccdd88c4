"""How long payments wait, and where fraud screening begins."""

import hashlib
from datetime import timedelta

from mestore.checkout.types import PaymentWindows
from mestore.payments.types.screening import FraudPolicy
from mestore.refunds.types import QueuePolicy
from mestore.settings import Settings


def payment_policies(
    settings: Settings, secret: str
) -> tuple[PaymentWindows, QueuePolicy, FraudPolicy]:
    """Return the operator's choices; traces are keyed with what follows from the secret."""
    windows = PaymentWindows(
        unpaid=timedelta(minutes=settings.unpaid_order_minutes),
        pse=timedelta(hours=settings.pse_order_hours),
        cash=timedelta(hours=settings.cash_order_hours),
        after_cash=timedelta(hours=settings.cash_grace_hours),
        after_review=timedelta(hours=settings.reviewed_order_hours),
    )
    fraud = FraudPolicy(
        review_from=settings.fraud_review_from,
        refuse_from=settings.fraud_refuse_from,
        review_within=timedelta(hours=settings.fraud_review_hours),
        keep_traces=timedelta(days=settings.fraud_trace_days),
        key=hashlib.sha256(b"payment traces" + secret.encode()).digest(),
    )
    return windows, QueuePolicy(timedelta(hours=settings.stranded_money_hours)), fraud
