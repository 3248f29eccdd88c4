"""Settling: the one function that every signal of a payment ends in, whichever comes first.

The webhook, the browser's return and the poller are three deliveries of one fact.
"""

from mestore.checkout.types import PaymentWindows
from mestore.commissions.service import CommissionService
from mestore.inventory.errors import InsufficientStock
from mestore.inventory.service import InventoryService
from mestore.kernel.db import Tx
from mestore.ledger.service import LedgerService
from mestore.ledger.types import VendorShare
from mestore.orders.service import HeldOrders, OrderService
from mestore.orders.types import CancelReason
from mestore.payments.service import PaymentService, ScreeningService
from mestore.payments.types import AttemptState, Outcome, Verdict


async def settle(tx: Tx, outcome: Outcome) -> Verdict:
    """Apply what a gateway said; a first approval pays the order, takes its stock and posts it.

    All of it is one transaction. A repeat is a success without effect. An order whose payment looks
    like a fraud is paid and waits for staff.
    """
    payments = PaymentService(tx)
    verdict, attempt = await payments.apply(outcome)
    if verdict is Verdict.NOTED and attempt is not None:
        await _wait_for_the_counter(tx, attempt, outcome)
        if outcome.card is not None:
            await ScreeningService(tx).note_card(attempt, outcome.card)
    if verdict is not Verdict.APPROVED or attempt is None:
        return verdict
    waiting = await ScreeningService(tx).weigh(attempt, outcome.card)
    if not await _confirm(tx, attempt, outcome, is_held=waiting is not None):
        await payments.strand_late(attempt, outcome)
        return Verdict.QUEUED
    if waiting is not None and waiting.screening is not None and waiting.rules is not None:
        await ScreeningService(tx).open_review(attempt, waiting.screening, waiting.rules)
    await _post(tx, attempt)
    return verdict


async def _wait_for_the_counter(tx: Tx, attempt: AttemptState, outcome: Outcome) -> None:
    """Keep the stock of an order as long as its voucher can be paid, and the counter tells."""
    if outcome.voucher is None or outcome.voucher.expires_at is None:
        return
    until = outcome.voucher.expires_at + tx.policy(PaymentWindows).after_cash
    await OrderService(tx).keep_until(attempt.order_id, until)


async def _confirm(tx: Tx, attempt: AttemptState, outcome: Outcome, *, is_held: bool) -> bool:
    orders, held = OrderService(tx), HeldOrders(tx)
    if is_held:
        await held.hold(attempt.order_id)
    reason = f"{outcome.gateway} approved {outcome.reference}"
    if await orders.confirm_paid(attempt.order_id, reason):
        await InventoryService(tx).take(attempt.order_id)
        return True
    if await _revive(tx, orders, attempt.order_id, reason):
        return True
    if is_held:
        await held.forget(attempt.order_id)
    return False


async def revive(tx: Tx, attempt: AttemptState, reason: str) -> bool:
    """Bring a cancelled order back for money that is here already; False where it cannot be."""
    if not await _bring_back(tx, OrderService(tx), attempt.order_id, reason):
        return False
    await _post(tx, attempt)
    return True


async def _revive(tx: Tx, orders: OrderService, order_id: int, reason: str) -> bool:
    """Bring an order that expired back to life where all its units are still there."""
    money = await orders.money(order_id)
    if money.cancelled_for is not CancelReason.EXPIRED:
        return False
    return await _bring_back(tx, orders, order_id, reason)


async def _bring_back(tx: Tx, orders: OrderService, order_id: int, reason: str) -> bool:
    try:
        async with tx.connection.begin_nested():
            await InventoryService(tx).reclaim(order_id)
    except InsufficientStock:
        return False
    if not await orders.revive_paid(order_id, reason):
        return False
    await InventoryService(tx).take(order_id)
    return True


async def _post(tx: Tx, attempt: AttemptState) -> None:
    orders = OrderService(tx)
    money = await orders.money(attempt.order_id)
    kept = {item.vendor_id: item for item in await CommissionService(tx).confirm(attempt.order_id)}
    shares = [
        VendorShare(vendor, gross, kept[vendor].amount_minor, kept[vendor].tax_minor)
        for vendor, gross in await orders.gross_by_vendor(attempt.order_id)
    ]
    await LedgerService(tx).post_sale(
        attempt.order_id, attempt.gateway, shares, money.shipping_minor, money.currency
    )
