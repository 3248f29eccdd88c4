"""Screening an attempt before any gateway hears of it: go on, wait for staff, or be refused."""

from collections.abc import Sequence
from dataclasses import replace

from mestore.accounts.service.contacts import Contacts
from mestore.checkout.types import PaymentWindows, PayRequest
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.orders.service import OrderService, paid_history
from mestore.orders.types import OrderMoney
from mestore.payments.errors import PaymentInReview, PaymentRefused
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import PaymentService, Screened, ScreeningService, again
from mestore.payments.types import AttemptState, AttemptStatus, PaymentMethod
from mestore.payments.types.screening import (
    Circumstances,
    FraudPolicy,
    ReviewState,
    RuleSet,
    Ruling,
)


async def open_screened(
    tx: Tx,
    rules: RuleSet,
    order: OrderMoney,
    request: PayRequest,
    gateways: Sequence[PaymentGateway],
) -> AttemptState:
    """Write the attempt: CREATED to be submitted, HELD until staff decided, DECLINED if refused.

    Where every gateway can send the money back, it is asked for at once and the order waits once
    it is paid. Money that nobody can send back is not asked for before.
    """
    screening = ScreeningService(tx)
    state = await screening.state_of(order.id)
    if state is ReviewState.OPEN:
        raise PaymentInReview(retry_after=3600)
    if state is ReviewState.REFUSED:
        raise PaymentRefused
    about = await _circumstances(tx, order, request)
    found = await screening.screen(rules, request.payer(order), about)
    returnable = all(request.method in each.profile.refundable for each in gateways)
    if found.ruling is Ruling.REVIEW and (returnable or state is ReviewState.APPROVED):
        found = replace(found, ruling=Ruling.PASS)
    attempt = await _open(tx, order, request, gateways[0], found)
    if attempt.status is AttemptStatus.HELD:
        await screening.open_review(attempt, found.screening, rules)
        within = tx.policy(FraudPolicy).review_within + tx.policy(PaymentWindows).unpaid
        await OrderService(tx).keep_until(order.id, now() + within)
    return attempt


async def open_elsewhere(
    tx: Tx,
    order: OrderMoney,
    request: PayRequest,
    gateway: PaymentGateway,
    before: AttemptState,
) -> AttemptState:
    """Write the same attempt at another gateway; what was seen of it counts once."""
    attempt = await _open(tx, order, request, gateway, again(before))
    await ScreeningService(tx).move_traces(before, attempt)
    return attempt


async def _open(
    tx: Tx,
    order: OrderMoney,
    request: PayRequest,
    gateway: PaymentGateway,
    screened: Screened,
) -> AttemptState:
    return await PaymentService(tx).open_attempt(
        order.id,
        order.order_number,
        order.total_minor,
        order.currency,
        gateway.code,
        request.method,
        request.installments,
        screened,
        order.buyer_id,
    )


async def _circumstances(tx: Tx, order: OrderMoney, request: PayRequest) -> Circumstances:
    history = await paid_history(tx.connection, order.id, order.buyer_id)
    made_at = None
    if order.buyer_id is not None:
        made_at = await Contacts(tx.connection).member_since(order.buyer_id)
    is_card = request.method is PaymentMethod.CARD
    card = request.card
    return Circumstances(
        amount_minor=order.total_minor,
        paid_orders=history.paid_orders,
        average_minor=history.average_minor,
        account_made_at=made_at,
        part_minor=history.part_minor,
        shop_sales=history.shop_sales,
        shop_average_minor=history.shop_average_minor,
        billing_department=(order.billing_address or {}).get("state") if is_card else None,
        shipping_department=order.ship_to.state,
        card_country=card.country if card else None,
    )
