"""Settling: whatever a gateway says, in whatever order, an order is paid once or a queue has it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mestore.checkout.jobs import ExpireOrders, expire_orders
from mestore.checkout.service.cancel import cancel, expire
from mestore.checkout.types import Outside
from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionStatus
from mestore.orders.models import Order, OrderChange, VendorOrder
from mestore.orders.types import CancelReason, FinancialStatus, OrderStatus, PlacedOrder
from mestore.payments.models import Attempt
from mestore.payments.types import AttemptState, AttemptStatus, Verdict
from tests.build import BuiltProduct
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said, vendor_account
from tests.conftest import MovedClock

APPROVED, DECLINED = AttemptStatus.APPROVED, AttemptStatus.DECLINED
PAID = (OrderStatus.CONFIRMED, FinancialStatus.PAID)
OPEN = (OrderStatus.PENDING, FinancialStatus.PENDING)
VOID = (OrderStatus.CANCELLED, FinancialStatus.VOIDED)
ON_PAID = ("OrderPaid", "notifications.on_order_paid")


def world(till: Till) -> Outside:
    """Return the outside with a bank that knows of nothing."""
    bank = Bank()
    return Outside(till.database, {bank.code: bank}, "http://shop.example.com")


async def ordered(
    till: Till, *, stock: int = 5, units: int = 2
) -> tuple[BuiltProduct, PlacedOrder]:
    product = await till.build.product(price="45000", tax_rate=19, stock=stock)
    return product, await till.place((product, units))


async def expired(till: Till, order: PlacedOrder) -> None:
    await till.due(order.id)
    assert await expire(world(till), order.id)
    assert await till.stands(order.id) == VOID


async def nothing_new(till: Till, before: dict[str, int], order: PlacedOrder) -> None:
    assert await till.counts() == before
    assert await till.stands(order.id) == OPEN
    assert await till.doctor() == []


async def test_the_first_approval_pays_takes_posts_confirms_and_tells(till: Till) -> None:
    product, order = await ordered(till)
    attempt = await till.attempt(order)

    verdict = await till.settle(said(attempt, APPROVED))

    assert verdict is Verdict.APPROVED
    assert await till.stands(order.id) == PAID
    assert await till.build.stock_of(product.variant_id) == (3, 0)
    # 90,000 + 17,100 IVA + 15,000 fee; 5 % of 90,000 with 19 % IVA is kept.
    assert await till.balances() == {
        "gateway:bank": 12_210_000,
        "platform:shipping": -1_500_000,
        vendor_account(product.vendor.id): -10_710_000 + 450_000 + 85_500,
        "platform:commission": -450_000,
        "platform:commission-iva": -85_500,
    }
    assert await till.entries() == [f"capture:{order.id}", f"commission:{order.id}"]
    assert (await till.sent())[ON_PAID] == 1
    assert await till.attempts(order.id) == [APPROVED]
    async with till.database.read() as connection:
        parts = (await connection.execute(select(VendorOrder.status))).scalars().all()
        commissions = (await connection.execute(select(Commission.status))).scalars().all()
        query = select(OrderChange.to_status, OrderChange.reason).order_by(OrderChange.id)
        history = [tuple(row) for row in await connection.execute(query)]
        row = (await connection.execute(select(Attempt.poll_at, Attempt.open_key))).one()
    assert list(parts) == [OrderStatus.CONFIRMED]
    assert list(commissions) == [CommissionStatus.PENDING]
    reason = f"bank approved {attempt.reference}"
    assert history == [("PENDING", "placed"), ("CONFIRMED", reason), ("PAID", reason)]
    assert tuple(row) == (None, None)
    assert await till.doctor() == []


async def test_a_repeated_approval_is_a_success_without_effect(till: Till) -> None:
    _, order = await ordered(till)
    attempt = await till.settle_approved(order)
    before = await till.counts()

    for _ in range(3):
        assert await till.settle(said(attempt, APPROVED)) is Verdict.REPEATED

    assert await till.counts() == before
    assert await till.doctor() == []


@pytest.mark.parametrize("late", [DECLINED, AttemptStatus.ERROR, AttemptStatus.PENDING])
async def test_a_late_answer_never_undoes_an_approval(till: Till, late: AttemptStatus) -> None:
    product, order = await ordered(till)
    attempt = await till.settle_approved(order)
    before = await till.counts()

    verdict = await till.settle(said(attempt, late, payment_url="http://bank.example/late"))

    assert verdict is Verdict.REPEATED
    assert await till.counts() == before
    assert await till.stands(order.id) == PAID
    assert await till.attempts(order.id) == [APPROVED]
    assert await till.build.stock_of(product.variant_id) == (3, 0)
    assert await till.doctor() == []


async def test_a_void_after_an_approval_is_queued_for_a_person_once(till: Till) -> None:
    _, order = await ordered(till)
    attempt = await till.settle_approved(order)

    for _ in range(2):
        await till.settle(said(attempt, AttemptStatus.VOIDED))

    assert await till.stands(order.id) == PAID
    reference = f"t-{attempt.reference}"
    assert await till.queues() == [("VOIDED_LATER", reference, attempt.amount_minor)]
    assert await till.doctor() == []


@pytest.mark.parametrize("refusal", [DECLINED, AttemptStatus.ERROR, AttemptStatus.VOIDED])
async def test_an_approval_after_a_refusal_of_the_same_attempt_counts(
    till: Till, refusal: AttemptStatus
) -> None:
    _, order = await ordered(till)
    attempt = await till.attempt(order)
    assert await till.settle(said(attempt, refusal)) is Verdict.NOTED
    assert await till.stands(order.id) == OPEN

    assert await till.settle(said(attempt, APPROVED)) is Verdict.APPROVED

    assert await till.stands(order.id) == PAID
    assert await till.doctor() == []


async def test_a_refusal_changes_nothing_of_the_order_and_another_attempt_may_begin(
    till: Till,
) -> None:
    product, order = await ordered(till)
    first = await till.attempt(order)
    await till.settle(said(first, DECLINED))
    assert await till.build.stock_of(product.variant_id) == (5, 2)

    second = await till.attempt(order)

    assert second.reference == f"{order.order_number}-2"
    assert await till.settle(said(second, APPROVED)) is Verdict.APPROVED
    assert await till.attempts(order.id) == [DECLINED, APPROVED]
    # The first one's refusal again, and then a pending: nothing moves backwards.
    assert await till.settle(said(first, DECLINED)) is Verdict.REPEATED
    assert await till.settle(said(first, AttemptStatus.PENDING)) is Verdict.REPEATED
    assert await till.stands(order.id) == PAID
    assert await till.doctor() == []


async def test_a_second_approval_is_queued_and_posted_as_unapplied(till: Till) -> None:
    product, order = await ordered(till)
    first = await till.attempt(order)
    await till.free(order)
    second = await till.attempt(order)
    await till.settle(said(second, APPROVED))

    verdicts = [await till.settle(said(first, APPROVED)) for _ in range(3)]

    assert verdicts == [Verdict.QUEUED, Verdict.REPEATED, Verdict.REPEATED]
    total = order.draft.total_minor
    assert await till.queues() == [("SECOND_APPROVAL", f"t-{first.reference}", total)]
    balances = await till.balances()
    assert balances["platform:unapplied"] == -total
    assert balances["gateway:bank"] == 2 * total
    assert await till.build.stock_of(product.variant_id) == (3, 0)
    assert (await till.sent())[ON_PAID] == 1
    assert await till.doctor() == []


@pytest.mark.parametrize(
    ("amount", "currency"), [(12_209_999, "COP"), (12_210_000, "USD"), (1, "COP")]
)
async def test_another_amount_or_currency_releases_nothing(
    till: Till, amount: int, currency: str
) -> None:
    product, order = await ordered(till)
    attempt = await till.attempt(order)
    wrong = said(attempt, APPROVED, amount_minor=amount, currency=currency)

    verdicts = [await till.settle(wrong) for _ in range(2)]

    assert verdicts == [Verdict.QUEUED, Verdict.REPEATED]
    assert await till.stands(order.id) == OPEN
    assert await till.queues() == [("AMOUNT_MISMATCH", f"t-{attempt.reference}", amount)]
    assert await till.balances() == {"gateway:bank": amount, "platform:unapplied": -amount}
    assert await till.build.stock_of(product.variant_id) == (5, 2)
    assert ON_PAID not in await till.sent()
    assert await till.doctor() == []


async def test_money_of_nobody_is_queued_once(till: Till) -> None:
    _, order = await ordered(till)
    attempt = await till.attempt(order)
    stray = said(attempt, APPROVED, reference="ORD-20200101-NOTHING1-1", transaction_id="t-stray")

    verdicts = [await till.settle(stray) for _ in range(3)]

    assert verdicts == [Verdict.QUEUED, Verdict.REPEATED, Verdict.REPEATED]
    total = attempt.amount_minor
    assert await till.queues() == [("ORPHAN", "t-stray", total)]
    assert await till.balances() == {"gateway:bank": total, "platform:unapplied": -total}
    assert await till.stands(order.id) == OPEN
    assert await till.doctor() == []


@pytest.mark.parametrize("status", [DECLINED, AttemptStatus.PENDING, AttemptStatus.ERROR])
async def test_what_is_no_money_and_of_nobody_is_forgotten(
    till: Till, status: AttemptStatus
) -> None:
    _, order = await ordered(till)
    attempt = await till.attempt(order)
    before = await till.counts()

    verdict = await till.settle(said(attempt, status, reference="ORD-20200101-NOTHING1-1"))

    assert verdict is Verdict.REPEATED
    await nothing_new(till, before, order)


async def test_an_expired_order_is_revived_while_its_units_are_there(till: Till) -> None:
    product, order = await ordered(till)
    attempt = await till.attempt(order)
    await expired(till, order)
    assert await till.build.stock_of(product.variant_id) == (5, 0)

    assert await till.settle(said(attempt, APPROVED)) is Verdict.APPROVED

    assert await till.stands(order.id) == PAID
    assert await till.build.stock_of(product.variant_id) == (3, 0)
    assert await till.queues() == []
    async with till.database.read() as connection:
        columns = (Order.cancelled_at, Order.cancelled_for)
        assert tuple((await connection.execute(select(*columns))).one()) == (None, None)
        parts = (await connection.execute(select(VendorOrder.status))).scalars().all()
        commissions = (await connection.execute(select(Commission.status))).scalars().all()
    assert (list(parts), list(commissions)) == (
        [OrderStatus.CONFIRMED],
        [CommissionStatus.PENDING],
    )
    assert await till.settle(said(attempt, APPROVED)) is Verdict.REPEATED
    assert await till.doctor() == []


async def test_an_expired_order_whose_units_are_gone_is_not_revived(till: Till) -> None:
    product, order = await ordered(till, stock=3)
    attempt = await till.attempt(order)
    await expired(till, order)
    rival = await till.place((product, 2))

    verdicts = [await till.settle(said(attempt, APPROVED)) for _ in range(2)]

    assert verdicts == [Verdict.QUEUED, Verdict.REPEATED]
    await stranded(till, order, attempt)
    assert await till.stands(rival.id) == OPEN
    assert await till.build.stock_of(product.variant_id) == (3, 2)


async def test_an_order_of_two_lines_is_revived_whole_or_not_at_all(till: Till) -> None:
    one, other = await till.build.product(stock=2), await till.build.product(stock=2)
    order = await till.place((one, 2), (other, 2))
    attempt = await till.attempt(order)
    await expired(till, order)
    await till.place(other)

    assert await till.settle(said(attempt, APPROVED)) is Verdict.QUEUED

    await stranded(till, order, attempt)
    assert await till.build.stock_of(one.variant_id) == (2, 0)
    assert await till.build.stock_of(other.variant_id) == (2, 1)


@pytest.mark.parametrize("reason", [CancelReason.BUYER, CancelReason.STAFF])
async def test_an_order_that_somebody_cancelled_stays_cancelled(
    till: Till, reason: CancelReason
) -> None:
    product, order = await ordered(till)
    attempt = await till.attempt(order)
    await cancel(world(till), order.id, reason, None)

    assert await till.settle(said(attempt, APPROVED)) is Verdict.QUEUED

    await stranded(till, order, attempt)
    assert await till.build.stock_of(product.variant_id) == (5, 0)


async def stranded(till: Till, order: PlacedOrder, attempt: AttemptState) -> None:
    total = order.draft.total_minor
    assert await till.stands(order.id) == VOID
    assert await till.queues() == [("LATE_APPROVAL", f"t-{attempt.reference}", total)]
    assert await till.balances() == {"gateway:bank": total, "platform:unapplied": -total}
    assert ON_PAID not in await till.sent()
    assert await till.doctor() == []


async def test_a_second_approval_of_a_cancelled_order_is_queued_too(till: Till) -> None:
    _, order = await ordered(till)
    first = await till.attempt(order)
    await till.free(order)
    second = await till.attempt(order)
    await cancel(world(till), order.id, CancelReason.BUYER, None)

    for attempt in (first, second, first, second):
        await till.settle(said(attempt, APPROVED))

    total = order.draft.total_minor
    assert await till.queues() == [
        ("LATE_APPROVAL", f"t-{first.reference}", total),
        ("SECOND_APPROVAL", f"t-{second.reference}", total),
    ]
    assert await till.balances() == {"gateway:bank": 2 * total, "platform:unapplied": -2 * total}
    assert await till.doctor() == []


async def test_unpaid_orders_expire_when_their_time_is_over(till: Till, clock: MovedClock) -> None:
    product, old = await ordered(till)
    clock.advance(timedelta(minutes=29))
    young = await till.place(product)
    clock.advance(timedelta(minutes=2))

    await expire_orders(ExpireOrders(), outside=world(till))

    assert await till.stands(old.id) == VOID
    assert await till.stands(young.id) == OPEN
    assert await till.build.stock_of(product.variant_id) == (5, 1)
    assert await till.doctor() == []


async def test_a_free_vendor_part_settles_without_postings_of_nothing(till: Till) -> None:
    gift = await till.build.product(price="0", tax_rate=19)
    product = await till.build.product(price="45000", tax_rate=0)
    order = await till.place(gift, product)

    await till.settle_approved(order)

    assert vendor_account(gift.vendor.id) not in await till.balances()
    assert await till.doctor() == []


async def test_the_number_of_statements_does_not_grow_with_the_lines(
    till: Till, statements: list[str]
) -> None:
    vendor = await till.build.vendor()
    products = [await till.build.product(vendor=vendor) for _ in range(20)]
    # The first sale of all opens the accounts.
    await till.settle_approved(await till.place(products[0]))
    rest: dict[str, list[int]] = {"settle": [], "cancel": []}

    for lines in (1, 5, 20):
        attempt = await till.attempt(await till.place(*products[:lines]))
        statements.clear()
        await till.settle(said(attempt, APPROVED))
        rest["settle"].append(len(statements) - stock_updates(statements, lines))
        called_off = await till.place(*products[:lines])
        statements.clear()
        await cancel(world(till), called_off.id, CancelReason.BUYER, None)
        rest["cancel"].append(len(statements) - stock_updates(statements, lines))

    assert len(set(rest["settle"])) == 1, rest
    assert len(set(rest["cancel"])) == 1, rest
    assert rest["settle"][0] <= 30
    assert rest["cancel"][0] <= 13


def stock_updates(statements: list[str], lines: int) -> int:
    """Return how many statements changed levels: one a line."""
    found = sum(sent.startswith("UPDATE stock_levels") for sent in statements)
    assert found == lines
    return found
