"""Wompi Colombia on the wire: answers, refusals, events and the two signatures.

Formats: docs.wompi.co/docs/colombia/, pages transacciones, errores, eventos, widget-checkout-web.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from mestore.kernel.adapters import wompi_events

PAYMENT_EVENT = "transaction.updated"
SIGNED_ID = "transaction.id"
# Answers that Wompi gives before it looks at what it was sent.
NOT_PROCESSED = frozenset({400, 401, 403, 404, 429})


class PaymentMethodPart(msgspec.Struct):
    """The method of a transaction; `extra` fills up while Wompi works on it."""

    extra: dict[str, Any] | None = None


class Transaction(msgspec.Struct):
    """A payment as the API shows it."""

    id: str
    reference: str
    status: str
    amount_in_cents: int
    currency: str
    status_message: str | None = None
    payment_method: PaymentMethodPart | None = None
    created_at: datetime | None = None
    expiration_time: datetime | None = None

    def detail(self, name: str) -> str | None:
        """Return a text of the method's extra data, None where it is not there yet."""
        part = self.payment_method.extra if self.payment_method else None
        value = (part or {}).get(name)
        return value if isinstance(value, str) and value else None


class TransactionReply(msgspec.Struct):
    """The answer to POST /transactions and GET /transactions/{id}."""

    data: Transaction


class TransactionsReply(msgspec.Struct):
    """The answer to GET /transactions."""

    data: list[Transaction]


class VoidAnswer(msgspec.Struct):
    """What became of a void."""

    status: str
    status_message: str | None = None


class VoidReply(msgspec.Struct):
    """The answer to POST /transactions/{id}/void."""

    data: VoidAnswer


class RefundAnswer(msgspec.Struct):
    """What became of a refund."""

    status: str
    id: str | int | None = None
    status_message: str | None = None


class RefundReply(msgspec.Struct):
    """The answer to POST /refunds."""

    data: RefundAnswer


class AcceptanceToken(msgspec.Struct):
    """One of the two documents a shopper accepts, and the token that says so."""

    acceptance_token: str
    permalink: str


class Merchant(msgspec.Struct):
    """What GET /merchants/{public_key} says that a payment needs."""

    presigned_acceptance: AcceptanceToken
    presigned_personal_data_auth: AcceptanceToken


class MerchantReply(msgspec.Struct):
    """The answer to GET /merchants/{public_key}."""

    data: Merchant


class Institution(msgspec.Struct):
    """One row of the PSE list."""

    financial_institution_code: str
    financial_institution_name: str


class InstitutionsReply(msgspec.Struct):
    """The answer to GET /pse/financial_institutions."""

    data: list[Institution]


class Refusal(msgspec.Struct):
    """The body's `error` of a 422: texts by field, nested for fields of fields."""

    messages: dict[str, Any]


class RefusalReply(msgspec.Struct):
    """The answer to input that Wompi does not take."""

    error: Refusal


def messages_of(body: bytes) -> dict[str, Any]:
    """Return the texts of a refusal by field; nothing where it has another shape."""
    try:
        return wompi_events.decode(body, RefusalReply).error.messages
    except wompi_events.NotWompi:
        return {}


def texts(messages: object, field: str = "") -> Iterator[str]:
    """Give every text of a refusal as `field: text`, wherever it is nested."""
    match messages:
        case str():
            yield f"{field}: {messages}" if field else messages
        case list():
            for one in messages:
                yield from texts(one, field)
        case dict():
            for name, inner in messages.items():
                path = field if name == "messages" else f"{field}.{name}".lstrip(".")
                yield from texts(inner, path)


def integrity_signature(
    reference: str,
    amount_in_cents: int,
    currency: str,
    secret: str,
    expiration_time: str | None = None,
) -> str:
    """Return the signature of a payment; an expiration takes part where the payment has one."""
    return _digest(reference, str(amount_in_cents), currency, expiration_time or "", secret)


def _digest(*parts: str) -> str:
    return sha256("".join(parts).encode()).hexdigest()
