"""The doctor: proves that stock, orders, payments, commissions, ledger and counts agree.

Each check is one statement over the tables of all rooms, read-only; a finding names what disagrees.
The chain of the audit log is walked from its first entry.
"""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.audit.service import verify as audit_findings
from mestore.insights.service.agreement import findings as counting_findings
from mestore.inventory.service import findings as stock_findings
from mestore.operations.vendor_books import vendor_findings
from mestore.payouts.service.books import findings as payout_findings

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
    "order {0}: {1} units of variant {2} are sent and have not arrived": """
        SELECT i.order_id, i.fulfilled_quantity - SUM(r.quantity), i.variant_id FROM order_items i
        JOIN stock_reservations r ON r.order_id = i.order_id
        JOIN stock_levels l ON l.id = r.level_id AND l.variant_id = i.variant_id
        WHERE r.state = 'TAKEN' AND i.fulfilled_quantity > 0
        GROUP BY i.id, i.order_id, i.variant_id, i.fulfilled_quantity
        HAVING i.fulfilled_quantity > SUM(r.quantity)""",
    "order {0} is {1} and has a commission that is {2}": """
        SELECT o.id, o.financial_status, c.status FROM orders o
        JOIN commissions c ON c.order_id = o.id
        WHERE (o.financial_status = 'PAID' AND c.status IN ('QUOTED', 'CANCELLED'))
        OR (o.financial_status IN ('PENDING', 'VOIDED') AND c.status NOT IN ('QUOTED', 'CANCELLED'))
        """,
    "order line {0} has no commission": """
        SELECT i.id FROM order_items i LEFT JOIN commissions c
        ON c.order_item_id = i.id AND c.kind = 'SALE' WHERE c.id IS NULL""",
}


async def examine(connection: AsyncConnection) -> list[str]:
    """Return what disagrees, at most twenty of a kind; nothing where all is well."""
    found = await stock_findings(connection)
    for words, query in CHECKS.items():
        rows = await connection.execute(text(f"{query} LIMIT {SHOWN}"))
        found += [words.format(*row) for row in rows]
    found += await vendor_findings(connection)
    found += await payout_findings(connection)
    found += await counting_findings(connection)
    return found + await audit_findings(connection)
