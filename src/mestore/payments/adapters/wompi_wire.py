"""Wompi Colombia on the wire: answers, refusals, events and the two signatures.

Formats: docs.wompi.co/docs/colombia/, pages transacciones, errores, eventos, widget-checkout-web.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

PAYMENT_EVENT = "transaction.updated"
SIGNED_ID = "transaction.id"


class NotWompi(ValueError):
    """The bytes are not what Wompi documents."""


class Unsigned(ValueError):
    """An event whose signature is missing, or cannot be worked out."""


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


Reply = TypeVar("Reply")


def decode(body: bytes, reply: type[Reply]) -> Reply:
    """Read an answer; raises `NotWompi` where it has another shape, or is cut off."""
    try:
        return msgspec.json.decode(body, type=reply)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotWompi(str(error)) from error


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


@dataclass(frozen=True, slots=True)
class Event:
    """A parsed event that names its signature. Every number in it is still the text as sent."""

    name: str
    data: Mapping[str, Any]
    environment: object
    properties: tuple[str, ...]
    checksum: str
    timestamp: str

    def text_at(self, path: str) -> str:
        """Return what a dotted path inside `data` names, as it is signed; nothing is empty text."""
        found: object = self.data
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        match found:
            case None:
                return ""
            case bool():
                return str(found).lower()
            case str():
                return found
        raise Unsigned(f"{path} is not a single value")

    def expected_checksum(self, secret: str) -> str:
        """Return the checksum of the properties that the event lists, in its order."""
        values = [self.text_at(path) for path in self.properties]
        return _digest(*values, self.timestamp, secret)


def read_event(body: bytes) -> Event:
    """Parse the raw body of a webhook; raises `NotWompi`, or `Unsigned` for a bare event."""
    try:
        # Numbers stay text: the signature covers them as they were written.
        parsed = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise NotWompi("not JSON") from error
    match parsed:
        case {"event": str(name), "data": dict(data)}:
            return _signed_event(name, data, parsed)
    raise NotWompi("not an event")


def _signed_event(name: str, data: dict[str, Any], parsed: dict[str, Any]) -> Event:
    match parsed:
        case {
            "signature": {"properties": list(properties), "checksum": str(checksum)},
            "timestamp": str(timestamp),
        } if all(isinstance(path, str) for path in properties):
            environment = parsed.get("environment")
            return Event(name, data, environment, tuple(properties), checksum, timestamp)
    raise Unsigned("there is no signature")


def agrees(checksum: str, claimed: str) -> bool:
    """Compare checksums in constant time, whatever their case."""
    return hmac.compare_digest(
        checksum.lower().encode(), claimed.lower().encode("utf-8", "replace")
    )


def _digest(*parts: str) -> str:
    return sha256("".join(parts).encode()).hexdigest()
