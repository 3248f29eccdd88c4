"""Between our words and Stripe's: a charge as it is sent, objects as we know them.

Facts: docs.stripe.com/api/payment_intents, /refunds, /disputes. COP has two decimals there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mestore.payments.types import (
    AttemptStatus,
    Charge,
    DisputeOutcome,
    DisputeStatus,
    Limits,
    Outcome,
    PaymentMethod,
    RefundOutcome,
    RefundStatus,
)
from mestore.payments.types.screening import CardFacts

CODE = "stripe"
# Stripe takes eight digits at most, and about half a dollar at least.
LIMITS = {PaymentMethod.CARD: Limits(250_000, 99_999_999)}
REASON_LENGTH = 200
REFERENCE = "reference"
STATUSES = {
    "succeeded": AttemptStatus.APPROVED,
    "canceled": AttemptStatus.VOIDED,
}
REFUND_STATUSES = {
    "succeeded": RefundStatus.APPROVED,
    "failed": RefundStatus.DECLINED,
    "canceled": RefundStatus.DECLINED,
}
DISPUTE_STATUSES = {
    "needs_response": DisputeStatus.OPEN,
    "warning_needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "warning_under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "warning_closed": DisputeStatus.WON,
    "prevented": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}
# Inquiries, and disputes that ended before the bank took anything.
WITHOUT_FUNDS = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
)

Found = Mapping[str, Any]


def payment_of(charge: Charge) -> dict[str, Any]:
    """Return a PaymentIntent that is confirmed at once."""
    token = charge.details.get("token")
    is_confirmation = isinstance(token, str) and token.startswith("ctoken_")
    return {
        "amount": charge.amount_minor,
        "currency": charge.currency.lower(),
        "confirm": True,
        "confirmation_token" if is_confirmation else "payment_method": token or "",
        "payment_method_types": ["card"],
        "return_url": charge.return_url,
        "description": charge.description,
        "receipt_email": charge.payer.email,
        "metadata": {REFERENCE: charge.reference},
        "expand": ["latest_charge"],
    }


def outcome_of(found: Found) -> Outcome:
    """Return what a PaymentIntent says; without a method again, its only try has failed."""
    status = STATUSES.get(found["status"], AttemptStatus.PENDING)
    failure = found.get("last_payment_error") or {}
    if found["status"] == "requires_payment_method" and failure:
        status = AttemptStatus.DECLINED
    action = (found.get("next_action") or {}).get("redirect_to_url") or {}
    code = failure.get("decline_code") or failure.get("code")
    return Outcome(
        gateway=CODE,
        reference=(found.get("metadata") or {}).get(REFERENCE, ""),
        transaction_id=found["id"],
        status=status,
        amount_minor=found["amount"],
        currency=found["currency"].upper(),
        payment_url=action.get("url"),
        decline_code=code if status is AttemptStatus.DECLINED else None,
        happened_at=datetime.fromtimestamp(found["created"], UTC),
        card=_card_of(found.get("latest_charge")),
    )


def _card_of(charge: object) -> CardFacts | None:
    if not isinstance(charge, Mapping):
        return None
    card = (charge.get("payment_method_details") or {}).get("card")
    if card is None:
        return None
    return CardFacts(
        card.get("brand"),
        card.get("last4"),
        country=card.get("country"),
        fingerprint=card.get("fingerprint"),
    )


def refund_of(found: Found) -> RefundOutcome:
    """Return what a refund says; one that waits for the shopper is still on its way."""
    status = REFUND_STATUSES.get(found["status"], RefundStatus.PENDING)
    return RefundOutcome(status, found["id"], found.get("failure_reason"))


def dispute_of(found: Found) -> DisputeOutcome:
    """Return what a dispute says; a status that Stripe never documented is open."""
    due = (found.get("evidence_details") or {}).get("due_by")
    return DisputeOutcome(
        dispute_id=found["id"],
        transaction_id=found.get("payment_intent") or "",
        status=DISPUTE_STATUSES.get(found["status"], DisputeStatus.OPEN),
        amount_minor=found["amount"],
        currency=found["currency"].upper(),
        reason=found.get("reason") or "",
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        took_funds=found["status"] not in WITHOUT_FUNDS,
    )
