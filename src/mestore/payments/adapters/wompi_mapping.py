"""Between our words and Wompi's: a charge as it is sent, a transaction as we know it."""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from mestore.payments.adapters import wompi_wire as wire
from mestore.payments.types import (
    AttemptStatus,
    Charge,
    Limits,
    Outcome,
    PaymentMethod,
    Voucher,
)
from mestore.payments.types.screening import CardFacts

CODE = "wompi"

# Wompi's partners publish these for cards, PSE and transfers; for the rest nobody names any.
LIMITS = {
    PaymentMethod.CARD: Limits(150_000, 9_900_000_000),
    PaymentMethod.PSE: Limits(150_000),
    PaymentMethod.NEQUI: Limits(),
    PaymentMethod.BANCOLOMBIA_TRANSFER: Limits(150_000, 1_500_000_000),
    PaymentMethod.BANCOLOMBIA_COLLECT: Limits(),
    PaymentMethod.DAVIPLATA: Limits(),
}
STATUSES = {
    "PENDING": AttemptStatus.PENDING,
    "APPROVED": AttemptStatus.APPROVED,
    "DECLINED": AttemptStatus.DECLINED,
    "VOIDED": AttemptStatus.VOIDED,
    "ERROR": AttemptStatus.ERROR,
}
# By a void, as a whole; what else goes back depends on the merchant.
VOIDABLE = frozenset({PaymentMethod.CARD})
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
        "expiration_time": expiration_of(charge),
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
            fields["payment_description"] = _description(charge)
        case PaymentMethod.BANCOLOMBIA_TRANSFER:
            fields = {
                "user_type": "PERSON",
                "payment_description": _description(charge),
                "ecommerce_url": charge.return_url,
            }
        case PaymentMethod.DAVIPLATA:
            fields = {
                "user_legal_id_type": details.get("user_legal_id_type"),
                "user_legal_id": details.get("user_legal_id"),
                "payment_description": _description(charge),
            }
        case _:
            fields = {}
    return {"type": charge.method.value, **_known(fields)}


def _description(charge: Charge) -> str:
    # Bancolombia refuses single quotes.
    return charge.description.replace("'", "")[:DESCRIPTION_LENGTH]


def expiration_of(charge: Charge) -> str | None:
    """Return until when a charge can be paid, as Wompi signs it: UTC with milliseconds."""
    if charge.expires_at is None:
        return None
    moment = charge.expires_at.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
        payment_url=found.detail("async_payment_url") or found.detail("url"),
        decline_code=(code[:CODE_LENGTH] or None) if is_refused else None,
        voucher=_voucher_of(found),
        happened_at=found.created_at,
        card=_card_of(found),
    )


def _voucher_of(found: wire.Transaction) -> Voucher | None:
    """Return what a Bancolombia agent asks for, as soon as Wompi has it."""
    reference = found.detail("payment_intention_identifier")
    if reference is None:
        return None
    return Voucher(reference, found.detail("business_agreement_code"), found.expiration_time)


def _card_of(found: wire.Transaction) -> CardFacts | None:
    if found.detail("last_four") is None:
        return None
    return CardFacts(
        brand=found.detail("brand"), last_four=found.detail("last_four"), bin=found.detail("bin")
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
