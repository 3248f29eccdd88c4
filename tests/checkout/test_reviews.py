"""Reviews: an order that looks like a fraud waits for staff, who decide about it once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mestore import subscriptions
from mestore.checkout.jobs import ExpireOrders, expire_orders
from mestore.checkout.service.pay import pay
from mestore.checkout.service.review import decide_review
from mestore.checkout.types import Outside
from mestore.inventory.models import StockLevel
from mestore.kernel.jobs import Worker
from mestore.kernel.paging import PageRequest
from mestore.media.adapters.disk import DiskBlobs
from mestore.notifications.adapters.files import MailFiles
from mestore.notifications.adapters.sms_log import SmsLog
from mestore.notifications.models import Mail
from mestore.orders.errors import OrderHeld
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.errors import (
    NotSubmitted,
    PaymentInReview,
    ReviewEnded,
    ReviewNotFound,
)
from mestore.payments.models import PaymentReview, Trace
from mestore.payments.types import AttemptStatus
from mestore.payments.types.screening import CardFacts, ReviewState
from mestore.payments.views import page_reviews
from mestore.refunds.service.cancel import call_off
from tests.checkout.bank import Bank
from tests.checkout.paying import OPEN, PAID, VOID, latest, paying
from tests.checkout.screening import DEAR, by_card, returnable
from tests.checkout.till import Till, guest, said
from tests.conftest import MovedClock

APPROVED = AttemptStatus.APPROVED
FIRST_PAGE = PageRequest.of(page=1, per_page=None, cursor=None)
Jobs = Callable[[], Awaitable[None]]


@pytest.fixture
def work(outside: Outside, tmp_path: Path) -> Jobs:
    """`await work()` runs all that is due, with the bank of the test."""
    routes = subscriptions.routes(
        outside,
        MailFiles(tmp_path / "mail", "MeStore <no-reply@example.com>"),
        SmsLog(shows_text=True),
        DiskBlobs(tmp_path, "/media"),
    )
    worker = Worker(outside.database, routes)

    async def run() -> None:
        while await worker.run_due():
            pass

    return run


async def dear(till: Till, stock: int = 3) -> PlacedOrder:
    """Return a guest's order that is looked at for its amount."""
    return await till.place(await till.build.product(stock=stock, price=DEAR))


async def paid(till: Till, outside: Outside) -> PlacedOrder:
    """Return such an order whose money is here."""
    order = await dear(till)
    await paying(outside, order.id)
    await till.settle(said(await latest(till, order.id), APPROVED))
    return order


async def review_of(till: Till, order: PlacedOrder) -> tuple[int, ReviewState]:
    """Return the id of an order's review, and where it stands."""
    query = select(PaymentReview.id, PaymentReview.state).where(PaymentReview.order_id == order.id)
    async with till.database.read() as connection:
        review_id, state = (await connection.execute(query)).one()
    return review_id, state


async def reviews(till: Till) -> int:
    """Return how many reviews there are."""
    async with till.database.read() as connection:
        return len((await connection.execute(select(PaymentReview.id))).all())


async def decide(till: Till, order: PlacedOrder, *, is_approved: bool) -> None:
    """Decide about an order, as an endpoint does."""
    review_id, _ = await review_of(till, order)
    async with till.database.transaction() as tx:
        await decide_review(tx, review_id, "looked at it", None, is_approved=is_approved)


async def mails(till: Till) -> list[str]:
    """Return what kinds of mails followed to the buyer; their order is that of the workers."""
    async with till.database.read() as connection:
        rows = await connection.execute(
            select(Mail.kind, Mail.recipient, Mail.text).order_by(Mail.id)
        )
        found = [(kind.value, text) for kind, to, text in rows if to == "guest@example.com"]
    assert all("score" not in text and "fraud" not in text.lower() for _, text in found)
    return sorted(kind for kind, _ in found if kind != "order_placed")


async def units(till: Till, order: PlacedOrder) -> tuple[int, int]:
    """Return how many units of an order's variant are there, and how many are promised."""
    query = select(func.sum(StockLevel.on_hand), func.sum(StockLevel.reserved)).where(
        StockLevel.variant_id == order.lines[0].line.variant_id
    )
    async with till.database.read() as connection:
        on_hand, reserved = (await connection.execute(query)).one()
    return int(on_hand), int(reserved)


async def test_money_that_nobody_can_send_back_is_not_asked_for_before_staff_looked(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    order = await dear(till)

    shown = await paying(outside, order.id, key="first")

    assert (shown["status"], shown["payment_url"]) == ("PENDING", None)
    assert shown["notice"] == PaymentInReview.en
    assert (shown["fraud_score"], shown["fraud_reasons"]) == (None, [])
    assert (bank.started, await till.stands(order.id)) == ([], OPEN)
    assert await paying(outside, order.id, key="first") == shown
    with pytest.raises(PaymentInReview):
        await paying(outside, order.id, key="second")
    assert await till.attempts(order.id) == [AttemptStatus.HELD]
    await work()
    assert await mails(till) == ["order_in_review"]


async def test_a_buyer_pays_after_staff_let_the_order_go_on(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    order = await dear(till)
    await paying(outside, order.id)

    await decide(till, order, is_approved=True)
    await work()

    assert await mails(till) == ["order_in_review", "order_payable"]
    shown = await paying(outside, order.id)
    assert shown["payment_url"] is not None
    attempt = await latest(till, order.id)
    await till.settle(said(attempt, APPROVED))
    assert await till.stands(order.id) == PAID
    # It was looked at: nothing holds it now.
    await till.advance(order, OrderStatus.PROCESSING)
    assert await reviews(till) == 1
    assert await till.doctor() == []


async def test_a_refused_order_that_is_unpaid_ends_without_a_call_for_money(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    order = await dear(till)
    await paying(outside, order.id)
    assert await units(till, order) == (3, 1)

    await decide(till, order, is_approved=False)
    await work()

    assert await till.stands(order.id) == VOID
    assert await till.attempts(order.id) == [AttemptStatus.DECLINED]
    assert (bank.started, bank.refunded) == ([], {})
    assert await units(till, order) == (3, 0)
    assert await mails(till) == ["order_in_review", "order_refused"]
    assert await till.doctor() == []


async def test_a_paid_order_in_review_is_not_prepared_and_nobody_is_told_to(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    returnable(bank)

    order = await paid(till, outside)

    assert await till.stands(order.id) == PAID
    with pytest.raises(OrderHeld):
        await till.advance(order, OrderStatus.PROCESSING)
    assert await till.stands(order.id) == PAID
    await work()
    assert await mails(till) == ["order_in_review"]
    assert ("OrderPaid", "notifications.on_order_paid") not in await till.sent()

    await decide(till, order, is_approved=True)
    await work()

    assert (await till.sent())[("OrderPaid", "notifications.on_order_paid")] == 1
    assert await mails(till) == ["order_in_review", "order_paid"]
    await till.deliver(order)
    assert await till.doctor() == []


async def test_a_refused_order_that_is_paid_gives_its_money_and_units_back(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    returnable(bank)
    order = await paid(till, outside)
    assert await units(till, order) == (2, 0)

    await decide(till, order, is_approved=False)
    # Between the decision and the job that calls it off nobody prepares it either.
    with pytest.raises(OrderHeld):
        await till.advance(order, OrderStatus.PROCESSING)
    await work()

    assert await till.stands(order.id) == (OrderStatus.CANCELLED, FinancialStatus.REFUNDED)
    (refund,) = bank.refunded.values()
    assert refund.amount_minor == order.draft.total_minor
    assert await till.balances() == {}
    assert await units(till, order) == (3, 0)
    assert await mails(till) == ["order_in_review", "order_refunded", "order_refused"]
    assert await till.doctor() == []


@pytest.mark.parametrize("is_paid", [True, False])
async def test_of_several_who_decide_at_once_one_wins(
    till: Till, bank: Bank, outside: Outside, work: Jobs, is_paid: bool
) -> None:
    if is_paid:
        returnable(bank)
        order = await paid(till, outside)
    else:
        order = await dear(till)
        await paying(outside, order.id)

    found = await asyncio.gather(
        *(decide(till, order, is_approved=number % 2 == 0) for number in range(6)),
        return_exceptions=True,
    )

    assert [each for each in found if each is None] == [None]
    assert all(isinstance(each, ReviewEnded) for each in found if each is not None)
    _, state = await review_of(till, order)
    await work()
    status, _ = await till.stands(order.id)
    went_on = OrderStatus.CONFIRMED if is_paid else OrderStatus.PENDING
    assert status is (went_on if state is ReviewState.APPROVED else OrderStatus.CANCELLED)
    assert await till.doctor() == []


async def test_stock_waits_as_long_as_a_review_is_due_and_not_longer(
    till: Till, bank: Bank, outside: Outside, work: Jobs, clock: MovedClock
) -> None:
    order = await dear(till)
    await paying(outside, order.id)

    clock.advance(timedelta(hours=24, minutes=29))
    await expire_orders(ExpireOrders(), outside=outside)
    assert (await till.stands(order.id), await units(till, order)) == (OPEN, (3, 1))
    clock.advance(timedelta(minutes=2))
    await expire_orders(ExpireOrders(), outside=outside)
    await work()

    assert (await till.stands(order.id), await units(till, order)) == (VOID, (3, 0))
    assert await till.attempts(order.id) == [AttemptStatus.VOIDED]
    assert (await review_of(till, order))[1] is ReviewState.CLOSED
    with pytest.raises(ReviewEnded):
        await decide(till, order, is_approved=True)
    assert await till.stands(order.id) == VOID
    assert await till.doctor() == []


async def test_a_decision_that_the_end_of_its_order_overtook_changes_nothing(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await dear(till)
    await paying(outside, order.id)
    await till.due(order.id)
    await expire_orders(ExpireOrders(), outside=outside)

    # The job that closes its review did not run yet.
    with pytest.raises(ReviewEnded):
        await decide(till, order, is_approved=True)

    assert (await review_of(till, order))[1] is ReviewState.OPEN
    assert await till.stands(order.id) == VOID


async def test_a_buyer_may_call_off_an_order_in_review(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    returnable(bank)
    order = await paid(till, outside)

    await call_off(outside, order.id, CancelReason.BUYER, None)
    await work()

    assert (await review_of(till, order))[1] is ReviewState.CLOSED
    assert len(bank.refunded) == 1
    assert await till.balances() == {}


async def test_a_card_that_turns_out_foreign_holds_an_order_that_passed(
    till: Till, bank: Bank, outside: Outside
) -> None:
    returnable(bank)
    foreign = CardFacts("visa", "4242", "424242", "US")
    orders = [
        await till.place(
            await till.build.product(price=price),
            billing_address={"state": "Antioquia"},
        )
        for price in ("45000", "2500000")
    ]
    for order in orders:
        await pay(outside, guest(), by_card(order.id), None)
        await till.settle(said(await latest(till, order.id), APPROVED, card=foreign))

    small, large = [await latest(till, order.id) for order in orders]

    # Another department and a foreign card: 45, and 95 with the amount of a first order.
    assert (small.fraud_score, small.review) == (45, None)
    assert (large.fraud_score, large.review) == (95, ReviewState.OPEN)
    await till.advance(orders[0], OrderStatus.PROCESSING)
    with pytest.raises(OrderHeld):
        await till.advance(orders[1], OrderStatus.PROCESSING)


async def test_what_a_gateway_says_of_a_card_replaces_what_its_buyer_said(
    till: Till, bank: Bank, outside: Outside
) -> None:
    order = await till.place(await till.build.product())
    told = {"card_bin": "424242", "card_last_four": "4242", "card_country": "US"}
    await pay(outside, guest(), by_card(order.id, **told), None)
    assert (await latest(till, order.id)).fraud_score == 30

    card = CardFacts("visa", "4242", "424242", "CO")
    await till.settle(said(await latest(till, order.id), APPROVED, card=card))

    assert (await latest(till, order.id)).fraud_score == 0
    async with till.database.read() as connection:
        kinds = (await connection.execute(select(Trace.kind))).scalars().all()
    assert sorted(kinds) == ["CARD", "EMAIL", "PHONE"]


async def test_money_that_comes_while_a_later_attempt_waits_is_held_with_it(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    order = await dear(till)
    early = await till.attempt(order)
    await till.free(order)
    await paying(outside, order.id)

    await till.settle(said(early, APPROVED))

    assert await till.stands(order.id) == PAID
    with pytest.raises(OrderHeld):
        await till.advance(order, OrderStatus.PROCESSING)
    await decide(till, order, is_approved=True)
    await till.advance(order, OrderStatus.PROCESSING)
    assert await till.attempts(order.id) == [APPROVED, AttemptStatus.VOIDED]
    assert await till.doctor() == []


async def test_late_money_of_an_order_in_review_goes_to_a_queue_or_waits_again(
    till: Till, bank: Bank, outside: Outside, work: Jobs
) -> None:
    """A buyer's own cancellation stands; an expired order comes back, and is looked at."""
    returnable(bank)
    ended, expired = await dear(till), await dear(till)
    for order in (ended, expired):
        await paying(outside, order.id)
    ended_attempt, expired_attempt = await latest(till, ended.id), await latest(till, expired.id)
    bank.is_silent = True
    await call_off(outside, ended.id, CancelReason.BUYER, None)
    bank.is_silent = False
    await till.due(expired.id)
    await expire_orders(ExpireOrders(), outside=outside)

    await till.settle(said(ended_attempt, APPROVED))
    await till.settle(said(expired_attempt, APPROVED))
    await work()

    assert await till.stands(ended.id) == VOID
    assert [kind for kind, _, _ in await till.queues()] == ["LATE_APPROVAL"]
    assert await till.stands(expired.id) == PAID
    assert await reviews(till) == 1
    assert (await review_of(till, expired))[1] is ReviewState.OPEN
    with pytest.raises(OrderHeld):
        await till.advance(expired, OrderStatus.PROCESSING)
    await decide(till, expired, is_approved=True)
    await till.advance(expired, OrderStatus.PROCESSING)
    assert await till.doctor() == []


async def test_an_attempt_that_one_gateway_did_not_get_counts_once(till: Till) -> None:
    away, near = Bank(refusal=NotSubmitted()), Bank()
    away.code = "away"
    outside = Outside(till.database, {"away": away, "bank": near}, "http://shop.example.com")
    order = await till.place(await till.build.product())

    await paying(outside, order.id)

    attempt = await latest(till, order.id)
    assert (attempt.gateway, attempt.fraud_score) == ("bank", 0)
    async with till.database.read() as connection:
        of = (await connection.execute(select(Trace.attempt_id).distinct())).scalars().all()
    assert of == [attempt.id]


async def test_the_list_shows_what_is_overdue_in_the_same_number_of_statements(
    till: Till, bank: Bank, outside: Outside, clock: MovedClock, statements: list[str]
) -> None:
    counts = []
    for _ in range(2):
        order = await dear(till)
        await paying(outside, order.id)
        clock.advance(timedelta(hours=25))
        statements.clear()
        async with till.database.read() as connection:
            page = await page_reviews(connection, FIRST_PAGE, ReviewState.OPEN, None)
        counts.append(len(statements))
    assert counts == [2, 2]
    assert [(each.order_id, each.is_overdue, each.is_paid) for each in page.rows][0] == (
        order.id,
        True,
        False,
    )
    assert [hit["rule"] for hit in page.rows[0].evidence] == ["large_amount", "first_order"]
    assert page.rows[0].evidence[0]["above"] == 2_000_000
    fresh = await dear(till)
    await paying(outside, fresh.id)
    async with till.database.read() as connection:
        late = await page_reviews(connection, FIRST_PAGE, None, True)
        due = await page_reviews(connection, FIRST_PAGE, None, False)
    assert [each.order_id for each in due.rows] == [fresh.id]
    assert len(late.rows) == 2


async def test_a_review_that_is_not_there_cannot_be_decided(till: Till) -> None:
    with pytest.raises(ReviewNotFound):
        async with till.database.transaction() as tx:
            await decide_review(tx, 1, "nothing there", None, is_approved=True)
