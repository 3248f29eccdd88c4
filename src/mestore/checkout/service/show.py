"""Payments as clients see them: how likely a fraud is, is for staff alone."""

from mestore.checkout.types import PaymentView
from mestore.kernel.money import to_number
from mestore.kernel.problems import language
from mestore.payments.errors import PaymentInReview
from mestore.payments.types import AttemptState, AttemptStatus, PaymentStatus
from mestore.payments.types.screening import ReviewState, hits_of

_STATUS = {
    AttemptStatus.HELD: PaymentStatus.PENDING,
    AttemptStatus.CREATED: PaymentStatus.PENDING,
    AttemptStatus.PENDING: PaymentStatus.PENDING,
    AttemptStatus.UNKNOWN: PaymentStatus.PENDING,
    AttemptStatus.APPROVED: PaymentStatus.APPROVED,
    AttemptStatus.DECLINED: PaymentStatus.DECLINED,
    AttemptStatus.VOIDED: PaymentStatus.VOIDED,
    AttemptStatus.ERROR: PaymentStatus.ERROR,
}
_CHECKED_BEFORE_SENDING = {
    "en": "Your payment came in. We are checking it before the order is sent; you need do nothing.",
    "es": "Recibimos tu pago. Lo estamos verificando antes del envío; no tienes que hacer nada.",
}


def view_of(attempt: AttemptState, *, is_staff: bool = False) -> PaymentView:
    """Return an attempt as its buyer sees it, or staff."""
    reasons = [hit.reason for hit in hits_of(attempt.fraud_reasons)] if is_staff else []
    return PaymentView(
        intent_id=attempt.payment_id,
        transaction_id=attempt.transaction_id,
        order_id=attempt.order_id,
        gateway=attempt.gateway,
        status=_STATUS[attempt.status],
        amount=to_number(attempt.amount_minor),
        currency=attempt.currency,
        payment_url=attempt.payment_url if attempt.is_open else None,
        voucher=attempt.voucher if attempt.is_open else None,
        fraud_score=attempt.fraud_score if is_staff else None,
        fraud_reasons=tuple(reasons),
        notice=_notice(attempt),
    )


def _notice(attempt: AttemptState) -> str | None:
    if attempt.status is AttemptStatus.HELD:
        return PaymentInReview.es if language.get() == "es" else PaymentInReview.en
    if attempt.status is AttemptStatus.APPROVED and attempt.review is ReviewState.OPEN:
        return _CHECKED_BEFORE_SENDING[language.get()]
    return None
