"""PayU Latam on the wire: requests, answers, confirmations and the two signatures.

Formats: developers.payulatam.com/latam/en/docs/, pages payments-api-colombia, queries-api,
refunds-api and confirmation-page. Every call is a POST to one of two addresses, whose body names
the command; HTTP is 200 whatever is answered, so that only `code` says whether it was taken.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from hashlib import new
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

PAYMENTS_PATH = "/payments-api/4.0/service.cgi"
QUERIES_PATH = "/reports-api/4.0/service.cgi"
SUCCESS = "SUCCESS"
MOST_FIELDS = 200

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")


class NotPayU(ValueError):
    """The bytes are not what PayU documents."""


class Unsigned(ValueError):
    """A confirmation whose signature is missing, or cannot be worked out."""


class Algorithm(StrEnum):
    """How signatures are made: what the merchant chose in PayU's panel."""

    MD5 = "MD5"
    SHA1 = "SHA1"
    SHA256 = "SHA256"


class Money(msgspec.Struct):
    """An amount in pesos, read without any float."""

    value: Decimal
    currency: str


class TransactionResponse(msgspec.Struct, rename="camel"):
    """What became of one transaction: the answer to a new one, and a part of an order."""

    state: str | None = None
    response_code: str | None = None
    pending_reason: str | None = None
    order_id: int | None = None
    transaction_id: str | None = None
    operation_date: int | None = None
    """Milliseconds since 1970."""
    extra_parameters: dict[str, Any] | None = None

    def detail(self, name: str) -> str | None:
        """Return a part of the extra data as text, None where it is absent or empty."""
        return _text(self.extra_parameters, name)


class SubmitReply(msgspec.Struct, rename="camel"):
    """The answer to SUBMIT_TRANSACTION."""

    code: str
    error: str | None = None
    transaction_response: TransactionResponse | None = None


class CreditCard(msgspec.Struct, rename="camel"):
    """A card as far as it is shown again."""

    masked_number: str | None = None


class Transaction(msgspec.Struct, rename="camel"):
    """One transaction of an order: a charge, or money given back."""

    id: str
    type: str | None = None
    parent_transaction_id: str | None = None
    payment_method: str | None = None
    reason: str | None = None
    transaction_response: TransactionResponse | None = None
    credit_card: CreditCard | None = None
    additional_values: dict[str, Money] | None = None
    extra_parameters: dict[str, Any] | None = None

    @property
    def state(self) -> str | None:
        """Return how the transaction stands."""
        return self.transaction_response.state if self.transaction_response else None

    def detail(self, name: str) -> str | None:
        """Return a part of the extra data, wherever PayU put it."""
        inner = self.transaction_response
        return (inner and inner.detail(name)) or _text(self.extra_parameters, name)


class Order(msgspec.Struct, rename="camel"):
    """All that PayU did under one of its order ids."""

    id: int
    reference_code: str
    status: str | None = None
    transactions: list[Transaction] | None = None
    additional_values: dict[str, Money] | None = None
    is_test: bool | None = None


class OrderResult(msgspec.Struct):
    """One order, or none."""

    payload: Order | None = None


class OrderReply(msgspec.Struct):
    """The answer to ORDER_DETAIL."""

    code: str
    error: str | None = None
    result: OrderResult | None = None


class OrdersResult(msgspec.Struct):
    """The orders of one reference."""

    payload: list[Order] | None = None


class OrdersReply(msgspec.Struct):
    """The answer to ORDER_DETAIL_BY_REFERENCE_CODE."""

    code: str
    error: str | None = None
    result: OrdersResult | None = None


class BankRow(msgspec.Struct, rename="camel"):
    """One row of the PSE list."""

    description: str
    pse_code: str


class BanksReply(msgspec.Struct):
    """The answer to GET_BANKS_LIST."""

    code: str
    error: str | None = None
    banks: list[BankRow] | None = None


Reply = TypeVar("Reply")


def decode(body: bytes, reply: type[Reply]) -> Reply:
    """Read an answer; raises `NotPayU` where it has another shape, or is cut off."""
    try:
        return msgspec.json.decode(body, type=reply)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotPayU(str(error)) from error


def _text(extra: Mapping[str, Any] | None, name: str) -> str | None:
    value = (extra or {}).get(name)
    return str(value) if isinstance(value, str | int) and value != "" else None


def signature(algorithm: Algorithm, *parts: str) -> str:
    """Return the hash of the parts between tildes, the API key first."""
    return new(algorithm.lower(), "~".join(parts).encode(), usedforsecurity=False).hexdigest()


def signed_amount(value: str) -> str:
    """Return an amount as confirmations sign it: one decimal where the second is a zero.

    `65000.00` is signed as `65000.0`, and `150.26` as it is.
    """
    if not _AMOUNT.fullmatch(value):
        raise Unsigned("value is no amount")
    whole, _, decimals = value.partition(".")
    decimals = decimals.ljust(2, "0")
    return f"{whole}.{decimals[0]}" if decimals[1] == "0" else f"{whole}.{decimals}"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A parsed confirmation; every field is still the text as sent."""

    merchant_id: str
    reference_sale: str
    reference_pol: str
    transaction_id: str
    state_pol: str
    value: str
    currency: str
    sign: str
    is_test: bool

    def expected_sign(self, api_key: str, algorithm: Algorithm) -> str:
        """Return the signature over what PayU signs: neither of its own ids is among that."""
        return signature(
            algorithm,
            api_key,
            self.merchant_id,
            self.reference_sale,
            signed_amount(self.value),
            self.currency,
            self.state_pol,
        )


_NAMED = ("merchant_id", "reference_sale", "reference_pol", "transaction_id", "state_pol")
_SIGNED = (*_NAMED, "value", "currency", "sign")


def read_confirmation(body: bytes) -> Confirmation:
    """Parse a form; raises `NotPayU`, or `Unsigned` where a part of the signature is missing."""
    try:
        # What is signed is ASCII; names of buyers may be in any encoding and are not read.
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise NotPayU("no form") from error
    form = dict(pairs)
    if any(not form.get(name) for name in _NAMED):
        raise NotPayU("not a confirmation")
    if any(not form.get(name) for name in _SIGNED):
        raise Unsigned("there is no signature")
    if len(pairs) != len(form):
        raise Unsigned("a field is there twice")
    return Confirmation(
        **{name: form[name] for name in _SIGNED}, is_test=form.get("test", "0") != "0"
    )


def agrees(sign: str, claimed: str) -> bool:
    """Compare signatures in constant time, whatever their case."""
    return hmac.compare_digest(sign.lower().encode(), claimed.lower().encode("utf-8", "replace"))
