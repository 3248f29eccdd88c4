"""SUBMIT_TRANSACTION, CREATE_TOKEN and GET_BANKS_LIST: what they refuse and what they begin."""

import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast

from simulators.payu.account import (
    CASH,
    LONGEST_VOUCHER,
    Account,
    Card,
    Order,
    Row,
    Transaction,
    new_order_id,
)
from simulators.payu.banks import BANKS, PLACEHOLDER
from simulators.payu.config import Config
from simulators.payu.signing import signature

BOGOTA = timezone(timedelta(hours=-5))
CARDS = frozenset({"VISA", "VISA_DEBIT", "MASTERCARD", "MASTERCARD_DEBIT", "AMEX", "DINERS"})
LIMITS = {"EFECTY": (20_000, 6_000_000), "OTHERS_CASH": (1_000, 4_000_000)}
# Phones of the sandbox: how the app answers, about five minutes later.
NEQUI = {
    "3007777777": "APPROVED",
    "3007777776": "DECLINED",
    "3007777774": "ERROR",
    "3007777772": "EXPIRED",
}
NEQUI_UNKNOWN = "3006666666"
CLUES = ("deviceSessionId", "ipAddress", "cookie", "userAgent")
REFUND_FROM = 600.0
SMALLEST_REFUND = 100


class Refused(Exception):
    """An answer with code ERROR, which travels with HTTP 200."""


def submit(account: Account, config: Config, wanted: Row, site: str) -> Row:
    """Begin what a SUBMIT_TRANSACTION asks for and answer how it stands."""
    kind = wanted.get("type")
    if kind in {"REFUND", "PARTIAL_REFUND"}:
        return _refund(account, wanted, cast(str, kind))
    if kind != "AUTHORIZATION_AND_CAPTURE":
        raise Refused(f"The transaction type {kind} is not available in this country")
    order = _order(config, _part(wanted, "order"))
    method = wanted.get("paymentMethod")
    card = _card(account, wanted, method)
    _check_method(wanted, order, method)
    made = account.add(order, "AUTHORIZATION_AND_CAPTURE", str(method), order.value)
    if card is not None:
        made.masked = card.masked
        account.end(made, card.state)
    else:
        _begin(account, config, wanted, made, site)
    account.open(order)
    return answer_of(made)


def _order(config: Config, wanted: Row) -> Order:
    reference = wanted.get("referenceCode")
    if not isinstance(reference, str) or not 1 <= len(reference) <= 255:
        raise Refused("[transaction.order.referenceCode] must have 1 to 255 characters")
    if str(wanted.get("accountId")) != config.account_id:
        raise Refused("[transaction.order.accountId] is not an account of this merchant")
    amounts = _part(wanted, "additionalValues")
    value, currency = _amount(amounts, "TX_VALUE")
    tax, base = _amount(amounts, "TX_TAX")[0], _amount(amounts, "TX_TAX_RETURN_BASE")[0]
    if tax + base > value or (tax == 0) != (base == 0):
        raise Refused("[TX_TAX_RETURN_BASE] does not agree with TX_TAX and TX_VALUE")
    expected = signature(
        config.algorithm, config.api_key, config.merchant_id, reference, value, currency
    )
    if wanted.get("signature") != expected:
        raise Refused("[transaction.order.signature] is not valid")
    return Order(
        id=new_order_id(),
        reference=reference,
        value=Decimal(value),
        currency=currency,
        description=str(wanted.get("description") or ""),
        notify_url=wanted.get("notifyUrl"),
        return_url=None,
    )


def _amount(amounts: Row, name: str) -> tuple[int, str]:
    found = _part(amounts, name)
    value, currency = found.get("value"), found.get("currency")
    if type(value) is not int or value < 0 or currency != "COP":
        raise Refused(f"[{name}] must be an amount in COP without decimals")
    return value, currency


def _card(account: Account, wanted: Row, method: object) -> Card | None:
    if method not in CARDS:
        return None
    if "number" in _part(wanted, "creditCard"):
        raise Refused("[transaction.creditCard.number] send a token: this shop keeps no numbers")
    card = account.cards.get(str(wanted.get("creditCardTokenId")))
    if card is None:
        raise Refused("[transaction.creditCardTokenId] does not exist")
    installments = _part(wanted, "extraParameters").get("INSTALLMENTS_NUMBER")
    if not isinstance(installments, int) or not 1 <= installments <= 36:
        raise Refused("[INSTALLMENTS_NUMBER] must be a number from 1 to 36")
    return card


def _check_method(wanted: Row, order: Order, method: object) -> None:
    if method not in CARDS | CASH | {"PSE", "NEQUI"}:
        raise Refused(f"[transaction.paymentMethod] {method} is not enabled")
    needed = ("ipAddress",) if method in CASH else CLUES
    for name in needed:
        if not isinstance(wanted.get(name), str) or not wanted[name]:
            raise Refused(f"[transaction.{name}] is required")
    lowest, highest = LIMITS.get(str(method), (1, 10**9))
    if not lowest <= order.value <= highest:
        raise Refused(f"[TX_VALUE] {method} takes amounts from {lowest} to {highest}")
    extra = _part(wanted, "extraParameters")
    if method == "PSE":
        _check_pse(extra)
        order.return_url = extra["RESPONSE_URL"]
    phone = _part(wanted, "payer").get("contactPhone")
    if method == "NEQUI" and not re.fullmatch(r"(57 )?3[0-9]{9}", str(phone)):
        raise Refused("[transaction.payer.contactPhone] is not a number of Nequi")


def _check_pse(extra: Row) -> None:
    bank = extra.get("FINANCIAL_INSTITUTION_CODE")
    if bank not in BANKS or bank == PLACEHOLDER:
        raise Refused("[FINANCIAL_INSTITUTION_CODE] is not a bank")
    if extra.get("USER_TYPE") not in {"N", "J"}:
        raise Refused("[USER_TYPE] must be N or J")
    if extra.get("PSE_REFERENCE2") not in {"CC", "CE", "NIT", "TI", "PP", "RC", "DE"}:
        raise Refused("[PSE_REFERENCE2] is not a kind of document")
    for name in ("PSE_REFERENCE1", "PSE_REFERENCE3", "RESPONSE_URL"):
        if not extra.get(name):
            raise Refused(f"[{name}] is required")


def _begin(account: Account, config: Config, wanted: Row, made: Transaction, site: str) -> None:
    """Say what is awaited from the shopper."""
    page = f"{site}/pay/{made.id}"
    if made.method == "PSE":
        made.pending_reason = "AWAITING_NOTIFICATION"
        made.extra = {"TRANSACTION_CYCLE": "-1", "BANK_URL": page}
    elif made.method == "NEQUI":
        _begin_nequi(account, config, _part(wanted, "payer")["contactPhone"], made)
    else:
        made.pending_reason = "AWAITING_NOTIFICATION"
        made.ends_at = _voucher_end(account, wanted.get("expirationDate"))
        made.extra = {
            "EXPIRATION_DATE": int(made.ends_at * 1000),
            "REFERENCE": made.order_id - 1_000_000_000,
            "URL_PAYMENT_RECEIPT_HTML": page,
            "URL_PAYMENT_RECEIPT_PDF": f"{page}?format=pdf",
        }
        if made.method == "BANK_REFERENCED":
            made.extra["BANCOLOMBIA_SERVICE_CODE"] = "12345"
            made.extra["BANK_REFERENCED_NAME"] = "MESTORE"


def _begin_nequi(account: Account, config: Config, phone: str, made: Transaction) -> None:
    number = phone.removeprefix("57 ")
    if number == NEQUI_UNKNOWN:
        account.end(made, "DECLINED", "CONTACT_THE_ENTITY")
        return
    made.code, made.pending_reason = "PENDING_PAYMENT_IN_ENTITY", "AWAITING_PAYMENT_IN_ENTITY"
    if number in NEQUI:
        made.ends_as = NEQUI[number]
        made.ends_at = account.now() + config.nequi_seconds


def _voucher_end(account: Account, asked: object) -> float:
    """Return until when a voucher is good: a later date than in a week is silently ignored."""
    longest = account.now() + LONGEST_VOUCHER
    if asked is None:
        return longest
    try:
        until = datetime.strptime(str(asked), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=BOGOTA)
    except ValueError:
        raise Refused("[transaction.expirationDate] must be like 2030-12-31T23:59:59") from None
    if until.astimezone(UTC).timestamp() <= account.now():
        raise Refused("[transaction.expirationDate] is over")
    return min(until.timestamp(), longest)


def _refund(account: Account, wanted: Row, kind: str) -> Row:
    order_id = str(_part(wanted, "order").get("id"))
    order = account.orders.get(int(order_id)) if order_id.isdecimal() else None
    parent = wanted.get("parentTransactionId")
    capture = next((each for each in order.charges if each.id == parent), None) if order else None
    if order is None or capture is None or capture.state != "APPROVED" or not capture.masked:
        raise Refused("[transaction.parentTransactionId] cannot be refunded")
    value = capture.value
    if kind == "PARTIAL_REFUND":
        value = Decimal(_amount(_part(wanted, "additionalValues"), "TX_VALUE")[0])
    given = [each for each in order.transactions if each.parent and each.state != "DECLINED"]
    if any(not each.is_final for each in given):
        raise Refused("A refund request is already registered for this transaction")
    left = capture.value - sum((each.value for each in given), Decimal(0))
    if not SMALLEST_REFUND <= value <= left:
        raise Refused("[TX_VALUE] is more than what can be refunded")
    made = account.add(order, kind, capture.method, value)
    made.parent, made.reason = capture.id, str(wanted.get("reason") or "")
    made.pending_reason, made.is_shown = "PENDING_REVIEW", False
    return answer_of(made) | {"transactionId": None}


def answer_of(made: Transaction) -> Row:
    """Show a transaction as the answer to its own request does."""
    return {
        "orderId": made.order_id,
        "transactionId": made.id,
        "state": made.state,
        "responseCode": made.code,
        "pendingReason": made.pending_reason,
        "responseMessage": None,
        "trazabilityCode": made.id[:8],
        "authorizationCode": made.id[-6:] if made.state == "APPROVED" else None,
        "operationDate": int(made.made_at * 1000),
        "extraParameters": made.extra or None,
    }


def tokenize(account: Account, wanted: Row) -> Row:
    """Keep a card that a browser sent; its holder says how it will end."""
    number, holder = str(wanted.get("number")), str(wanted.get("name"))
    if not re.fullmatch(r"[0-9]{13,20}", number):
        raise Refused("[creditCardToken.number] must have 13 to 20 digits")
    month = str(wanted.get("expirationDate"))[-2:]
    is_rejected = holder == "REJECTED" and month > "06"
    masked = f"{number[:6]}******{number[-4:]}"
    token, method = str(uuid.uuid4()), str(wanted.get("paymentMethod"))
    account.cards[token] = Card(method, masked, "DECLINED" if is_rejected else "APPROVED")
    return {"creditCardTokenId": token, "name": holder, "paymentMethod": method} | {
        "maskedNumber": masked
    }


def banks() -> list[Row]:
    """List the banks of PSE."""
    return [
        {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, code)), "description": name, "pseCode": code}
        for code, name in BANKS.items()
    ]


def _part(wanted: Row, name: str) -> dict[str, Any]:
    found = wanted.get(name)
    return found if isinstance(found, dict) else {}
