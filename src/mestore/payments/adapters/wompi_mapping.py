"""Between our words and Wompi's: a charge as it is sent, a transaction as we know it."""

import re
from collections.abc import Mapping
from typing import Any

from mestore.payments.adapters import wompi_wire as wire
from mestore.payments.types import AttemptStatus, Charge, Limits, Outcome, PaymentMethod

CODE = "wompi"

# Wompi's partners publish these for cards and PSE; for Nequi nobody names any.
LIMITS = {
    PaymentMethod.CARD: Limits(150_000, 9_900_000_000),
    PaymentMethod.PSE: Limits(150_000),
    PaymentMethod.NEQUI: Limits(),
}
STATUSES = {
    "PENDING": AttemptStatus.PENDING,
    "APPROVED": AttemptStatus.APPROVED,
    "DECLINED": AttemptStatus.DECLINED,
    "VOIDED": AttemptStatus.VOIDED,
    "ERROR": AttemptStatus.ERROR,
}
DESCRIPTION_LENGTH = 30
REASON_LENGTH = 200
CODE_LENGTH = 100

_PSE_FIELDS = (
    "user_type",
    "user_legal_id_type",
    "user_legal_id",
    "financial_institution_code",
)


def payment_of(charge: Charge) -> dict[str, Any]:
    """Return what a charge says itself, in Wompi's words; parts that are not known are left out."""
    details, payer = charge.details, charge.payer
    customer = {
        "full_name": details.get("full_name") or payer.full_name,
        "phone_number": _digits(details.get("phone_number") or payer.phone_number),
        "legal_id": payer.legal_id,
        "legal_id_type": payer.legal_id_type,
    }
    body: dict[str, Any] = {
        "reference": charge.reference,
        "amount_in_cents": charge.amount_minor,
        "currency": charge.currency,
        "customer_email": payer.email,
        "customer_data": _known(customer),
        "payment_method": _payment_method(charge),
        "redirect_url": charge.return_url,
        "ip": payer.ip_address,
    }
    if charge.tax_minor:
        body["taxes"] = [{"type": "VAT", "amount_in_cents": charge.tax_minor}]
    return _known(body)


def _payment_method(charge: Charge) -> dict[str, Any]:
    details = charge.details
    match charge.method:
        case PaymentMethod.CARD:
            fields = {"token": details.get("token"), "installments": charge.installments}
        case PaymentMethod.NEQUI:
            fields = {"phone_number": _mobile(details.get("phone_number"))}
        case PaymentMethod.PSE:
            fields = {name: details.get(name) for name in _PSE_FIELDS}
            fields["payment_description"] = charge.description[:DESCRIPTION_LENGTH]
    return {"type": charge.method.value, **_known(fields)}


def outcome_of(found: wire.Transaction) -> Outcome:
    """Return what a transaction says; a status that Wompi never documented is not final."""
    status = STATUSES.get(found.status, AttemptStatus.PENDING)
    is_refused = status in {AttemptStatus.DECLINED, AttemptStatus.ERROR}
    code = found.detail("processor_response_code") or found.status_message or ""
    return Outcome(
        gateway=CODE,
        reference=found.reference,
        transaction_id=found.id,
        status=status,
        amount_minor=found.amount_in_cents,
        currency=found.currency,
        payment_url=found.detail("async_payment_url"),
        decline_code=(code[:CODE_LENGTH] or None) if is_refused else None,
    )


def reason_of(messages: dict[str, Any]) -> str:
    """Return the texts of a refusal as one short line."""
    return "; ".join(wire.texts(messages))[:REASON_LENGTH]


def _digits(phone: object) -> str | None:
    return re.sub(r"[^0-9]", "", phone) if isinstance(phone, str) else None


def _mobile(phone: object) -> str | None:
    """Return a Colombian mobile number as its ten digits."""
    digits = _digits(phone)
    if digits is not None and len(digits) == 12:
        return digits.removeprefix("57")
    return digits


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
