"""The queries: how an order and its transactions are shown."""

from decimal import Decimal

from simulators.payu.account import Account, Order, Row, Transaction
from simulators.payu.submit import Refused, answer_of


def answer(account: Account, command: object, details: Row) -> Row | list[Row] | str | None:
    """Answer a question; None where there is nothing of that id."""
    match command:
        case "PING":
            return "ping"
        case "ORDER_DETAIL":
            order = account.orders.get(details.get("orderId") or 0)
            return order_of(order) if order else None
        case "ORDER_DETAIL_BY_REFERENCE_CODE":
            reference = details.get("referenceCode")
            found = [each for each in account.orders.values() if each.reference == reference]
            return [order_of(each) for each in found] or None
        case "TRANSACTION_RESPONSE_DETAIL":
            pair = account.find(str(details.get("transactionId")))
            return answer_of(pair[1]) if pair else None
    raise Refused(f"[command] {command} is not known")


def order_of(order: Order) -> Row:
    """Show an order with those of its transactions that PayU lists."""
    return {
        "id": order.id,
        "accountId": 900002,
        "status": order.status(),
        "referenceCode": order.reference,
        "description": order.description,
        "transactions": [_shown(order, each) for each in order.transactions if each.is_shown],
        "additionalValues": {"TX_VALUE": _value(order.value, order.currency)},
    }


def _shown(order: Order, found: Transaction) -> Row:
    return {
        "id": found.id,
        "type": found.type,
        "parentTransactionId": found.parent,
        "paymentMethod": found.method,
        "reason": found.reason,
        "transactionResponse": answer_of(found),
        "creditCard": {"maskedNumber": found.masked} if found.masked else None,
        "additionalValues": {"TX_VALUE": _value(found.value, order.currency)},
        "extraParameters": found.extra or None,
    }


def _value(value: Decimal, currency: str) -> Row:
    # A JSON number; nothing here has more than two decimals, which a double prints exactly.
    return {"value": float(value), "currency": currency}
