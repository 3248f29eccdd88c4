"""The doctor: proves that stock, orders, payments, commissions and ledger agree.

Each check is one statement over the tables of all rooms, read-only; a finding names what disagrees.
The chain of the audit log is walked from its first entry.
"""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import (
    String,
    column,
    func,
    literal,
    null,
    select,
    table,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

from mestore.audit.service import verify as audit_findings
from mestore.inventory.service import findings as stock_findings

SHOWN = 20

CHECKS: Mapping[str, str] = {
    "ledger entry {0} ({1}) does not add up to zero: {2}": """
        SELECT e.id, e.business_key, SUM(l.amount_minor) FROM ledger_entries e
        LEFT JOIN ledger_lines l ON l.entry_id = e.id
        GROUP BY e.id, e.business_key HAVING COALESCE(SUM(l.amount_minor), 1) <> 0""",
    "product {0}: {1} ratings of {2} stars are counted, its visible reviews are {3} of {4}": """
        SELECT p.sku, p.rating_count, p.rating_sum, COUNT(r.id), COALESCE(SUM(r.rating), 0)
        FROM products p LEFT JOIN reviews r ON r.product_id = p.id AND r.status = 'VISIBLE'
        GROUP BY p.id, p.sku, p.rating_count, p.rating_sum
        HAVING COUNT(r.id) <> p.rating_count OR COALESCE(SUM(r.rating), 0) <> p.rating_sum""",
    "order {0}: its lines come to {1}, its subtotal is {2}": """
        SELECT o.id, SUM(i.total_minor), o.subtotal_minor FROM orders o
        LEFT JOIN order_items i ON i.order_id = o.id
        GROUP BY o.id, o.subtotal_minor
        HAVING COALESCE(SUM(i.total_minor), -1) <> o.subtotal_minor""",
    "order {0}: its vendors' parts come to {1}, its total less shipping is {2}": """
        SELECT o.id, SUM(p.total_minor), o.total_minor - o.shipping_minor FROM orders o
        LEFT JOIN vendor_orders p ON p.order_id = o.id
        GROUP BY o.id, o.total_minor, o.shipping_minor
        HAVING COALESCE(SUM(p.total_minor), -1) <> o.total_minor - o.shipping_minor""",
    "order {0} is PAID without an approved payment of its total": """
        SELECT o.id FROM orders o WHERE o.financial_status = 'PAID' AND NOT EXISTS (
            SELECT 1 FROM payments p JOIN payment_attempts a ON a.payment_id = p.id
            WHERE p.order_id = o.id AND p.status = 'APPROVED' AND a.status = 'APPROVED'
            AND a.amount_minor = o.total_minor)""",
    "order {0} is PAID and the ledger has captured {1} of {2}": """
        SELECT o.id, COALESCE(SUM(l.amount_minor), 0), o.total_minor FROM orders o
        LEFT JOIN ledger_entries e ON e.order_id = o.id AND e.kind = 'CAPTURE'
        LEFT JOIN ledger_lines l ON l.entry_id = e.id AND l.amount_minor > 0
        WHERE o.financial_status = 'PAID' GROUP BY o.id, o.total_minor
        HAVING COALESCE(SUM(l.amount_minor), 0) <> o.total_minor""",
    "order {0} is not PAID and the ledger has captured its money": """
        SELECT o.id FROM orders o JOIN ledger_entries e ON e.order_id = o.id
        WHERE e.kind = 'CAPTURE' AND o.financial_status IN ('PENDING', 'VOIDED')""",
    "payment of order {0} is APPROVED, the order is {1}, and no queue holds the money": """
        SELECT o.id, o.financial_status FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE p.status = 'APPROVED' AND o.financial_status IN ('PENDING', 'VOIDED')
        AND NOT EXISTS (SELECT 1 FROM payment_exceptions x WHERE x.order_id = o.id)""",
    "order {0}: {1} attempts are APPROVED, and {2} are captured or in a queue": """
        SELECT q.order_id, q.approved, q.captured + q.queued FROM (
            SELECT p.order_id, COUNT(*) AS approved,
            (SELECT COUNT(*) FROM ledger_entries e
                WHERE e.order_id = p.order_id AND e.kind = 'CAPTURE') AS captured,
            (SELECT COUNT(*) FROM payment_exceptions x WHERE x.order_id = p.order_id
                AND x.kind IN ('SECOND_APPROVAL', 'LATE_APPROVAL')) AS queued
            FROM payments p JOIN payment_attempts a ON a.payment_id = p.id
            WHERE a.status = 'APPROVED' GROUP BY p.order_id) q
        WHERE q.approved > q.captured + q.queued""",
    "order {0} is {1} and holds a reservation that is {2}": """
        SELECT o.id, o.status, r.state FROM orders o
        JOIN stock_reservations r ON r.order_id = o.id
        WHERE (o.status = 'PENDING' AND r.state <> 'LIVE')
        OR (o.financial_status = 'VOIDED' AND r.state <> 'RELEASED')
        OR (o.status NOT IN ('PENDING', 'CANCELLED') AND r.state <> 'TAKEN')""",
    "order {0} is {1} and has a commission that is {2}": """
        SELECT o.id, o.financial_status, c.status FROM orders o
        JOIN commissions c ON c.order_id = o.id
        WHERE (o.financial_status = 'PAID' AND c.status IN ('QUOTED', 'CANCELLED'))
        OR (o.financial_status IN ('PENDING', 'VOIDED') AND c.status NOT IN ('QUOTED', 'CANCELLED'))
        """,
    "order line {0} has no commission": """
        SELECT i.id FROM order_items i LEFT JOIN commissions c ON c.order_item_id = i.id
        WHERE c.id IS NULL""",
}

_PARTS = table(
    "vendor_orders", column("order_id"), column("vendor_id", Uuid), column("total_minor")
)
_ORDERS = table("orders", column("id"), column("financial_status"))
_COMMISSIONS = table(
    "commissions",
    column("vendor_id", Uuid),
    column("amount_minor"),
    column("tax_minor"),
    column("refunded_amount_minor"),
    column("refunded_tax_minor"),
    column("status"),
)
_REFUNDS = table("refunds", column("id"), column("state", String))
_REFUND_LINES = table(
    "refund_lines", column("refund_id"), column("vendor_id", Uuid), column("amount_minor")
)
_ACCOUNTS = table("ledger_accounts", column("id"), column("code", String))
_LINES = table("ledger_lines", column("account_id"), column("amount_minor"))

_NO_CODE = type_coerce(null(), String)
# One statement, so that all sums are of one moment even while orders are paid.
_BALANCES = union_all(
    select(
        literal("ledger"),
        _ACCOUNTS.c.code,
        type_coerce(null(), Uuid),
        func.sum(_LINES.c.amount_minor),
    )
    .join(_LINES, _LINES.c.account_id == _ACCOUNTS.c.id)
    .where(_ACCOUNTS.c.code.like("vendor:%"))
    .group_by(_ACCOUNTS.c.code),
    select(literal("sold"), _NO_CODE, _PARTS.c.vendor_id, func.sum(_PARTS.c.total_minor))
    .join(_ORDERS, _ORDERS.c.id == _PARTS.c.order_id)
    .where(_ORDERS.c.financial_status.in_(["PAID", "PARTIALLY_REFUNDED", "REFUNDED"]))
    .group_by(_PARTS.c.vendor_id),
    select(
        literal("kept"),
        _NO_CODE,
        _COMMISSIONS.c.vendor_id,
        func.sum(
            _COMMISSIONS.c.refunded_amount_minor
            + _COMMISSIONS.c.refunded_tax_minor
            - _COMMISSIONS.c.amount_minor
            - _COMMISSIONS.c.tax_minor
        ),
    )
    .where(_COMMISSIONS.c.status.not_in(["QUOTED", "CANCELLED"]))
    .group_by(_COMMISSIONS.c.vendor_id),
    select(
        literal("refunded"),
        _NO_CODE,
        _REFUND_LINES.c.vendor_id,
        -func.sum(_REFUND_LINES.c.amount_minor),
    )
    .join(_REFUNDS, _REFUNDS.c.id == _REFUND_LINES.c.refund_id)
    .where(_REFUNDS.c.state.in_(["APPROVED", "TRANSFERRED"]))
    .group_by(_REFUND_LINES.c.vendor_id),
)


async def examine(connection: AsyncConnection) -> list[str]:
    """Return what disagrees, at most twenty of a kind; nothing where all is well."""
    found = await stock_findings(connection)
    for words, query in CHECKS.items():
        rows = await connection.execute(text(f"{query} LIMIT {SHOWN}"))
        found += [words.format(*row) for row in rows]
    found += await _check_vendor_balances(connection)
    return found + await audit_findings(connection)


async def _check_vendor_balances(connection: AsyncConnection) -> list[str]:
    """Compare what the ledger owes each vendor with what the paid orders come to."""
    booked: Counter[UUID] = Counter()
    owed: Counter[UUID] = Counter()
    for book, code, vendor, total in await connection.execute(_BALANCES):
        if book == "ledger":
            booked[UUID(code.split(":")[1])] -= int(total)
        else:
            owed[vendor] += int(total)
    return [
        f"vendor {vendor}: the ledger owes {booked[vendor]}, the orders {owed[vendor]}"
        for vendor in sorted(booked.keys() | owed.keys())
        if booked[vendor] != owed[vendor]
    ]
