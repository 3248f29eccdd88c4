"""Rules at work: frozen when an order is placed, given up when it goes back, approved, paid."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from mestore.catalog.models import Product
from mestore.checkout.types import Outside
from mestore.commissions.models import Commission, CommissionRulebook
from mestore.commissions.service import CommissionService
from mestore.commissions.service.plans import PlanService
from mestore.commissions.service.rules import RuleService, page_rules
from mestore.commissions.types import (
    CommissionStatus,
    Conditions,
    FeeBase,
    FeeKind,
    Formula,
    RuleDraft,
    Tier,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.paging import PageRequest
from mestore.orders.types import PlacedOrder
from tests.build import BuiltProduct
from tests.checkout.till import Till, guest
from tests.commissions.conftest import AddRule
from tests.conftest import MovedClock
from tests.refunds.desk import ask_back, of_line

SALE, SERVICE, PAYMENT = FeeKind.SALE, FeeKind.SERVICE, FeeKind.PAYMENT


async def taken(database: Database, order: PlacedOrder, *columns: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """Return columns of an order's commissions, the first written first."""
    query = select(*columns).where(Commission.order_id == order.id).order_by(Commission.id)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def fees(till: Till, product: BuiltProduct, quantity: int = 1) -> list[tuple[Any, ...]]:
    """Place an order and return kind, rule and amount of each fee."""
    order = await till.place((product, quantity))
    columns = (Commission.kind, Commission.rule_id, Commission.amount_minor)
    return await taken(till.database, order, *columns)


async def test_several_kinds_are_frozen_with_rule_inputs_and_formula(
    till: Till, add_rule: AddRule
) -> None:
    product = await till.build.product(price="50000", tax_rate=19)
    sale = await add_rule(Formula(basis_points=1_000, cap_minor=900_000))
    service = await add_rule(Formula(FeeBase.GROSS, 100, fixed_minor=50_000), kind=SERVICE)

    order = await till.place((product, 2))

    columns = (
        Commission.kind,
        Commission.rule_id,
        Commission.rule_version,
        Commission.rate_basis_points,
        Commission.base_minor,
        Commission.gross_minor,
        Commission.amount_minor,
        Commission.tax_minor,
        Commission.formula,
    )
    assert await taken(till.database, order, *columns) == [
        (SALE, sale, 1, 1_000, 10_000_000, None, 900_000, 171_000, "10 % of net, at most $ 9.000"),
        (
            SERVICE,
            service,
            1,
            100,
            10_000_000,
            11_900_000,
            219_000,
            41_610,
            "1 % of gross + $ 500 x 2",
        ),
    ]
    ((inputs,), _) = await taken(till.database, order, Commission.inputs)
    assert (inputs["quantity"], inputs["unit_price_minor"]) == (2, 5_000_000)
    assert (inputs["net_minor"], inputs["gross_minor"]) == (10_000_000, 11_900_000)
    await till.settle_approved(order)
    assert (await till.balances())["platform:commission"] == -1_119_000
    assert await till.doctor() == []


async def test_each_condition_at_placement(till: Till, add_rule: AddRule) -> None:
    root = await till.build.category()
    leaf = await till.build.category(parent=await till.build.category(parent=root))
    plain = await till.build.product()
    deep = await till.build.product(category=leaf)
    beside = await till.build.product(category=await till.build.category())
    branded, special = await till.build.product(), await till.build.product()
    dear = await till.build.product(price="900000")
    planned = await till.build.product()
    database = till.database
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == branded.id).values(brand="Ácme", brand_key="acme")
        )
        plan = await PlanService(tx).add("Gold")
        await PlanService(tx).assign(planned.vendor.id, plan)
    wanted = [
        (deep, await add_rule(Formula(), Conditions(category_ids=frozenset({root.id})))),
        (branded, await add_rule(Formula(), Conditions(brand_keys=frozenset({"acme"})))),
        (special, await add_rule(Formula(), Conditions(product_ids=frozenset({special.id})))),
        (dear, await add_rule(Formula(), Conditions(price_from_minor=90_000_000))),
        (planned, await add_rule(Formula(), Conditions(plan_ids=frozenset({plan})))),
    ]
    for product, rule_id in wanted:
        assert await fees(till, product) == [(SALE, rule_id, 0)]
    for product in (plain, beside):
        assert await fees(till, product) == [(SALE, None, 225_000)]
    # All in one order, as each alone.
    products = [plain, beside, *(product for product, _ in wanted)]
    order = await till.place(*products, owner=guest("guest-of-many-1"))
    found = await taken(till.database, order, Commission.order_item_id, Commission.rule_id)
    of_item = {item.id: item.line.product_id for item in order.lines}
    expected = {plain.id: None, beside.id: None} | {each.id: number for each, number in wanted}
    assert {of_item[item]: number for item, number in found} == expected


async def test_a_change_holds_from_the_next_order_on(till: Till, add_rule: AddRule) -> None:
    product = await till.build.product()
    rule_id = await add_rule(Formula(basis_points=1_000))
    first = await till.place(product)
    async with till.database.transaction() as tx:
        service = RuleService(tx)
        draft = RuleDraft("Dearer", SALE, formula=Formula(basis_points=2_000))
        await service.change(await service.get(rule_id), draft)
    assert await fees(till, product) == [(SALE, rule_id, 900_000)]
    async with till.database.transaction() as tx:
        await RuleService(tx).remove(rule_id)
    assert await fees(till, product) == [(SALE, None, 225_000)]
    columns = (Commission.rule, Commission.rule_version, Commission.amount_minor)
    assert await taken(till.database, first, *columns) == [("A rule", 1, 450_000)]


async def test_a_change_that_is_rolled_back_holds_never(till: Till, add_rule: AddRule) -> None:
    product = await till.build.product()
    await add_rule(Formula(basis_points=1_000), kind=SERVICE)
    await fees(till, product)

    async def change_and_fail() -> None:
        async with till.database.transaction() as tx:
            await RuleService(tx).add(RuleDraft("Never", SALE, formula=Formula(basis_points=9_000)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await change_and_fail()
    second = await add_rule(Formula(basis_points=2_000))
    assert (await fees(till, product))[0] == (SALE, second, 900_000)


async def test_rules_that_are_added_at_once_get_places_of_their_own(
    database: Database, add_rule: AddRule
) -> None:
    await add_rule(Formula())

    added = await asyncio.gather(*(add_rule(Formula(fixed_minor=place)) for place in range(6)))

    async with database.read() as connection:
        rules, _ = await page_rules(connection, PageRequest())
        version = (await connection.execute(select(CommissionRulebook.version))).scalar_one()
    assert sorted(added) == sorted(rule.id for rule in rules.rows[1:])
    assert [rule.position for rule in rules.rows] == list(range(1, 8))
    assert version == 7


async def test_tiers_follow_what_was_sold_this_month(
    till: Till, outside: Outside, add_rule: AddRule, clock: MovedClock
) -> None:
    vendor = await till.build.vendor()
    product = await till.build.product(price="100000", vendor=vendor, stock=50)
    other = await till.build.product(price="100000", stock=50)
    tiers = (Tier(20_000_000, 500), Tier(40_000_000, 200))
    await add_rule(Formula(basis_points=1_000, tiers=tiers))

    async def rate(of: BuiltProduct = product) -> int:
        order = await till.place(of)
        ((found,),) = await taken(till.database, order, Commission.rate_basis_points)
        return int(found)

    # What nobody paid is no sale.
    await till.place((product, 5))
    assert await rate() == 1_000
    order = await till.place((product, 2))
    await till.settle_approved(order)
    assert (await rate(), await rate(other)) == (500, 1_000)
    await till.settle_approved(await till.place((product, 2)))
    assert await rate() == 200
    # What goes back is no sale either.
    await ask_back(outside, order.id, of_line(order.lines[0].id, 1))
    assert await rate() == 500
    clock.advance(timedelta(days=32))
    assert await rate() == 1_000


async def test_a_refund_gives_up_each_fee_but_those_that_are_kept(
    till: Till, outside: Outside, add_rule: AddRule
) -> None:
    product = await till.build.product(price="33333.33", stock=10)
    await add_rule(Formula(basis_points=733))
    await add_rule(Formula(fixed_minor=90_001), kind=SERVICE)
    await add_rule(Formula(basis_points=265), kind=PAYMENT, is_kept_on_refund=True)
    order = await till.place((product, 3))
    await till.settle_approved(order)
    columns = (
        Commission.kind,
        Commission.amount_minor - Commission.refunded_amount_minor,
        Commission.tax_minor - Commission.refunded_tax_minor,
        Commission.status,
    )
    before = await taken(till.database, order, *columns)
    payment = next(row for row in before if row[0] is PAYMENT)
    assert len(before) == 3

    for left in (2, 1, 0):
        await ask_back(outside, order.id, of_line(order.lines[0].id))
        now_left = await taken(till.database, order, *columns)
        assert next(row for row in now_left if row[0] is PAYMENT) == payment
        for was, is_now in zip(before, now_left, strict=True):
            if was[0] is not PAYMENT:
                assert abs(is_now[1] - was[1] * left / 3) <= 1
        assert await till.doctor() == []

    ended = {row[0]: row[1:] for row in now_left}
    assert ended[SALE] == ended[SERVICE] == (0, 0, CommissionStatus.REVERSED)
    assert ended[PAYMENT][2] is CommissionStatus.PENDING


async def test_approved_with_its_part_and_paid_with_a_payout(
    till: Till, add_rule: AddRule, clock: MovedClock
) -> None:
    one, two = await till.build.product(), await till.build.product()
    await add_rule(Formula(fixed_minor=100), kind=SERVICE)
    order, later = await till.place(one, two), await till.place(one)
    columns = (Commission.vendor_id, Commission.status)

    async def approve(of: PlacedOrder) -> None:
        async with till.database.transaction() as tx:
            await CommissionService(tx).approve(of.id, one.vendor.id)

    async def pay(until: Any) -> None:  # noqa: ANN401
        async with till.database.transaction() as tx:
            await CommissionService(tx).mark_paid(one.vendor.id, until)

    await approve(order)
    assert {status for _, status in await taken(till.database, order, *columns)} == {
        CommissionStatus.QUOTED
    }
    await till.settle_approved(order)
    await till.settle_approved(later)
    await approve(order)
    closed = now()
    clock.advance(timedelta(hours=1))
    await approve(order)
    await approve(later)
    approved, pending = CommissionStatus.APPROVED, CommissionStatus.PENDING
    expected = [(one.vendor.id, approved)] * 2 + [(two.vendor.id, pending)] * 2
    assert sorted(await taken(till.database, order, *columns)) == sorted(expected)
    ((stamp,), *_) = await taken(till.database, later, Commission.approved_at)
    assert stamp > closed

    await pay(closed)
    await pay(closed)

    paid = CommissionStatus.PAID
    found = await taken(till.database, order, *columns, Commission.paid_at)
    assert {(vendor, status) for vendor, status, _ in found} == {
        (one.vendor.id, paid),
        (two.vendor.id, pending),
    }
    assert all((moment is not None) == (status is paid) for _, status, moment in found)
    assert {status for _, status in await taken(till.database, later, *columns)} == {approved}
    assert await till.doctor() == []


async def test_rules_cost_two_statements_whatever_there_is(
    till: Till, add_rule: AddRule, statements: list[str]
) -> None:
    root = await till.build.category()
    products = [await till.build.product(category=root) for _ in range(12)]
    counts: list[int] = []

    async def count(lines: int) -> None:
        statements.clear()
        await till.place(*products[:lines], owner=guest(f"guest-number-{len(counts)}"))
        counts.append(len(statements) - lines)

    await count(1)
    await add_rule(Formula(fixed_minor=100), Conditions(price_from_minor=1))
    await till.place(products[0])
    for lines in (1, 12):
        await count(lines)
    for _ in range(5):
        await add_rule(
            Formula(tiers=(Tier(1, 1),)),
            Conditions(category_ids=frozenset({root.id})),
            kind=SERVICE,
        )
    await till.place(products[0])
    for lines in (1, 12):
        await count(lines)

    without, *rest = counts
    assert rest == [without, without, without + 1, without + 1]
