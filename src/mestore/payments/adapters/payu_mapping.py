"""Between our words and PayU's: a charge as it is sent, an order as we know it.

Our id of a transaction is PayU's order id and its transaction id, `1400449660-960b1c5d-…`: the
order is what PayU is asked about, and it may hold several transactions.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mestore.kernel.clock import BOGOTA
from mestore.kernel.money import divide_half_up, to_minor
from mestore.payments.adapters import payu_wire as wire
from mestore.payments.types import (
    AttemptStatus,
    Charge,
    Limits,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundOutcome,
    RefundStatus,
    Voucher,
)
from mestore.payments.types.screening import CardFacts

CODE = "payu"
PESO = 100

# Whole pesos only: PayU takes COP without decimals.
LIMITS = {
    PaymentMethod.CARD: Limits(multiple_minor=PESO),
    PaymentMethod.PSE: Limits(multiple_minor=PESO),
    PaymentMethod.NEQUI: Limits(multiple_minor=PESO),
    PaymentMethod.EFECTY: Limits(2_000_000, 600_000_000, PESO),
    PaymentMethod.CASH: Limits(100_000, 400_000_000, PESO),
    PaymentMethod.BANK_REFERENCE: Limits(multiple_minor=PESO),
}
REFUNDABLE = frozenset({PaymentMethod.CARD})
SMALLEST_REFUND_MINOR = 100 * PESO
NAMES = {
    PaymentMethod.PSE: "PSE",
    PaymentMethod.NEQUI: "NEQUI",
    PaymentMethod.EFECTY: "EFECTY",
    PaymentMethod.CASH: "OTHERS_CASH",
    PaymentMethod.BANK_REFERENCE: "BANK_REFERENCED",
}
STATUSES = {
    "APPROVED": AttemptStatus.APPROVED,
    "DECLINED": AttemptStatus.DECLINED,
    "EXPIRED": AttemptStatus.DECLINED,
    "ERROR": AttemptStatus.ERROR,
    "PENDING": AttemptStatus.PENDING,
    "SUBMITTED": AttemptStatus.PENDING,
}
REFUND_STATUSES = {
    "APPROVED": RefundStatus.APPROVED,
    "DECLINED": RefundStatus.DECLINED,
    "ERROR": RefundStatus.ERROR,
}
CHARGES = frozenset({"AUTHORIZATION_AND_CAPTURE", "AUTHORIZATION", "CAPTURE"})
REFUNDS = frozenset({"REFUND", "PARTIAL_REFUND"})
# PayU knows no PEP and no PPT; DE is its word for a foreign document.
DOCUMENTS = {"PEP": "DE", "PPT": "DE"}
DESCRIPTION_LENGTH = 255
REASON_LENGTH = 200
CLOCKS_DIFFER = timedelta(minutes=1)
CODE_LENGTH = 100

_ID = re.compile(r"([0-9]{1,18})-([A-Za-z0-9-]{1,64})")
_RANKS = {AttemptStatus.APPROVED: 0, AttemptStatus.PENDING: 1}
_LEAST = 2


def id_of(order_id: int | str, transaction_id: str) -> str:
    """Return our id of a transaction."""
    return f"{order_id}-{transaction_id}"


def parts_of(transaction_id: str) -> tuple[int, str] | None:
    """Return the order and the transaction that an id of ours names; None where it is none."""
    found = _ID.fullmatch(transaction_id)
    return (int(found[1]), found[2]) if found else None


def pesos(minor: int) -> int:
    """Return an amount in whole pesos; centavos are a ValueError."""
    if minor % PESO:
        raise ValueError("PayU takes whole pesos")
    return minor // PESO


def transaction_of(charge: Charge, account_id: str, notify_url: str, sign: str) -> dict[str, Any]:
    """Return what a charge says, in PayU's words; parts that are not known are left out."""
    order = {
        "accountId": account_id,
        "referenceCode": charge.reference,
        "description": charge.description[:DESCRIPTION_LENGTH],
        "language": "es",
        "signature": sign,
        "notifyUrl": notify_url,
        "additionalValues": _values(charge),
        "buyer": _buyer(charge),
    }
    return _known(
        {
            "order": order,
            "payer": _payer(charge),
            "type": "AUTHORIZATION_AND_CAPTURE",
            "paymentMethod": NAMES.get(charge.method) or charge.details.get("card_brand"),
            "paymentCountry": "CO",
            "ipAddress": charge.payer.ip_address,
            **_method_fields(charge),
        }
    )


def _values(charge: Charge) -> dict[str, Any]:
    value = pesos(charge.amount_minor)
    tax = divide_half_up(charge.tax_minor, PESO)
    # Where nothing is taxed PayU wants both as zero, or else it reckons 19 % itself.
    base = value - tax if tax else 0
    amounts = {"TX_VALUE": value, "TX_TAX": tax, "TX_TAX_RETURN_BASE": base}
    return {
        name: {"value": amount, "currency": charge.currency} for name, amount in amounts.items()
    }


def _buyer(charge: Charge) -> dict[str, Any]:
    payer = charge.payer
    return _known(
        {
            "fullName": charge.details.get("full_name") or payer.full_name,
            "emailAddress": payer.email,
            "contactPhone": _phone(charge),
            "dniNumber": payer.legal_id,
        }
    )


def _payer(charge: Charge) -> dict[str, Any]:
    kind = charge.payer.legal_id_type
    return _known({**_buyer(charge), "dniType": DOCUMENTS.get(kind, kind) if kind else None})


def _phone(charge: Charge) -> str | None:
    """Return the payer's number as Nequi wants it: the ten digits of a Colombian mobile."""
    given = charge.details.get("phone_number") or charge.payer.phone_number
    digits = re.sub(r"[^0-9]", "", given) if isinstance(given, str) else ""
    return (digits.removeprefix("57") if len(digits) == 12 else digits) or None


def _method_fields(charge: Charge) -> dict[str, Any]:
    details = charge.details
    if charge.method.is_cash:
        return {"expirationDate": _expiration(charge)}
    device = details.get("device_session_id") or _device(charge)
    # The cookie is PayU's clue to one browser: never a session of ours, which would open it.
    fields = {
        "deviceSessionId": device,
        "cookie": device,
        "userAgent": charge.payer.user_agent or "unknown",
    }
    if charge.method is PaymentMethod.CARD:
        fields["creditCardTokenId"] = details.get("token")
        # The security code stays in the browser, as the number does.
        fields["creditCard"] = {"processWithoutCvv2": True}
        fields["extraParameters"] = {"INSTALLMENTS_NUMBER": charge.installments}
    if charge.method is PaymentMethod.PSE:
        kind = details.get("user_legal_id_type", "")
        fields["extraParameters"] = {
            "RESPONSE_URL": charge.return_url,
            "PSE_REFERENCE1": charge.payer.ip_address,
            "FINANCIAL_INSTITUTION_CODE": details.get("financial_institution_code"),
            "USER_TYPE": "J" if details.get("user_type") else "N",
            "PSE_REFERENCE2": DOCUMENTS.get(kind, kind),
            "PSE_REFERENCE3": details.get("user_legal_id"),
        }
    return fields


def _device(charge: Charge) -> str:
    """Return an id of this try for PayU's fraud check, where the page made none itself."""
    return hashlib.blake2b(charge.reference.encode(), digest_size=16).hexdigest()


def _expiration(charge: Charge) -> str | None:
    """Return until when a voucher can be paid; PayU reads a time without zone as Bogotá's."""
    if charge.expires_at is None:
        return None
    return charge.expires_at.astimezone(BOGOTA).strftime("%Y-%m-%dT%H:%M:%S")


def opened_outcome(charge: Charge, found: wire.TransactionResponse) -> Outcome:
    """Return what PayU answered to a new transaction, which does not repeat the amount."""
    if found.order_id is None or found.transaction_id is None:
        raise wire.NotPayU("the answer names no transaction")
    return Outcome(
        gateway=CODE,
        reference=charge.reference,
        transaction_id=id_of(found.order_id, found.transaction_id),
        status=STATUSES.get(found.state or "", AttemptStatus.PENDING),
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        payment_url=found.detail("BANK_URL"),
        decline_code=_decline_code(found),
        voucher=_voucher(found.detail) if charge.method.is_cash else None,
        happened_at=_moment(found.operation_date),
    )


def outcome_of(orders: Sequence[wire.Order], named: str | None = None) -> Outcome | None:
    """Return what counts of all charges of these orders; None where there are none.

    An approved one counts before a pending one, and that before one that failed: a second try at
    PayU's own page is told of apart, and a declined try never undoes an approved one.
    """
    charges = [
        (order, each)
        for order in orders
        for each in order.transactions or ()
        if each.type in CHARGES or each.type is None
    ]
    if not charges:
        return None
    # The last of equals counts; what was asked for comes before all of its rank.
    order, found = min(reversed(charges), key=lambda pair: (_rank(pair[1]), pair[1].id != named))
    return _outcome(order, found)


def _rank(found: wire.Transaction) -> int:
    return _RANKS.get(STATUSES.get(found.state or "", AttemptStatus.PENDING), _LEAST)


def _outcome(order: wire.Order, found: wire.Transaction) -> Outcome:
    values = found.additional_values or order.additional_values or {}
    if "TX_VALUE" not in values:
        raise wire.NotPayU("the transaction has no amount")
    amount, answer = values["TX_VALUE"], found.transaction_response
    return Outcome(
        gateway=CODE,
        reference=order.reference_code,
        transaction_id=id_of(order.id, found.id),
        status=STATUSES.get(found.state or "", AttemptStatus.PENDING),
        amount_minor=to_minor(amount.value),
        currency=amount.currency,
        payment_url=found.detail("BANK_URL"),
        decline_code=_decline_code(answer) if answer else None,
        voucher=_voucher(found.detail) if found.payment_method in _CASH else None,
        happened_at=_moment(answer.operation_date) if answer else None,
        card=_card_of(found),
    )


_CASH = frozenset(NAMES[method] for method in NAMES if method.is_cash)


def _decline_code(found: wire.TransactionResponse) -> str | None:
    status = STATUSES.get(found.state or "")
    if status not in {AttemptStatus.DECLINED, AttemptStatus.ERROR}:
        return None
    return (found.response_code or found.state or "")[:CODE_LENGTH] or None


def _voucher(detail: Any) -> Voucher | None:  # noqa: ANN401  the `detail` of a part
    reference = detail("REFERENCE")
    if reference is None:
        return None
    ends = detail("EXPIRATION_DATE")
    return Voucher(
        reference=reference,
        agreement=detail("BANCOLOMBIA_SERVICE_CODE") or detail("BANCO_BOGOTA_SERVICE_CODE"),
        expires_at=_moment(int(ends)) if ends and ends.isdecimal() else None,
        barcode=detail("BAR_CODE"),
        receipt_url=detail("URL_PAYMENT_RECEIPT_HTML"),
    )


def _card_of(found: wire.Transaction) -> CardFacts | None:
    number = found.credit_card.masked_number if found.credit_card else None
    if not number:
        return None
    first = re.match(r"[0-9]{6}", number)
    return CardFacts(
        brand=(found.payment_method or "").lower() or None,
        last_four=number[-4:],
        bin=first[0] if first else None,
    )


def _moment(milliseconds: int | None) -> datetime | None:
    """Return an instant that PayU gives in milliseconds."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC)


def refund_of(order: RefundOrder, order_id: int, capture_id: str) -> dict[str, Any]:
    """Return a refund as it is sent; our reference goes first in its reason, to be found again."""
    body: dict[str, Any] = {
        "order": {"id": str(order_id)},
        "type": "REFUND",
        "reason": f"{order.reference} {order.reason}"[:DESCRIPTION_LENGTH],
        "parentTransactionId": capture_id,
    }
    if order.amount_minor != order.charged_minor:
        body["type"] = "PARTIAL_REFUND"
        amount = {"value": pesos(order.amount_minor), "currency": order.currency}
        body["additionalValues"] = {"TX_VALUE": amount}
    return body


def capture_of(found: wire.Order, named: str) -> wire.Transaction | None:
    """Return the approved charge that a refund is of."""
    charges = [each for each in found.transactions or () if each.type not in REFUNDS]
    approved = [each for each in charges if each.state == "APPROVED"]
    return next((each for each in approved if each.id == named), None)


def refunded(found: wire.Order, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
    """Return how a refund stands among the transactions of its order; None where none is ours."""
    given = [each for each in found.transactions or () if each.type in REFUNDS]
    ours = [each for each in given if _is_ours(each, order, refund_id)]
    if ours:
        return _refund_outcome(ours[-1])
    if order.amount_minor != order.charged_minor:
        # Two parts may be of one amount, so that without its reason none is surely ours.
        return None
    if found.status == "REFUNDED":
        return RefundOutcome(RefundStatus.APPROVED, refund_id)
    unnamed = [each for each in given if not each.reason and _is_since(each, order.requested_at)]
    return _refund_outcome(unnamed[-1]) if unnamed else None


def _is_since(found: wire.Transaction, requested_at: datetime | None) -> bool:
    """Say whether a refund is no older than its request: one that was declined may be repeated."""
    answer = found.transaction_response
    moment = _moment(answer.operation_date) if answer else None
    if found.type != "REFUND" or requested_at is None or moment is None:
        return False
    return moment >= requested_at - CLOCKS_DIFFER


def _is_ours(found: wire.Transaction, order: RefundOrder, refund_id: str | None) -> bool:
    if refund_id is not None and found.id == refund_id:
        return True
    return (found.reason or "").partition(" ")[0] == order.reference


def _refund_outcome(found: wire.Transaction) -> RefundOutcome:
    status = REFUND_STATUSES.get(found.state or "", RefundStatus.PENDING)
    answer = found.transaction_response
    code = (answer.response_code if answer else None) if status in _FAILED else None
    return RefundOutcome(status, found.id, code)


_FAILED = frozenset({RefundStatus.DECLINED, RefundStatus.ERROR})


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
