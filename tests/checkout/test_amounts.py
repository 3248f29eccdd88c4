"""What an order comes to: exact to the centavo, the same on every engine."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from mestore.carts.service import CartService
from mestore.carts.types import CartOwner
from mestore.catalog.models import Product, Variant
from mestore.checkout.errors import OrderTooLarge, TotalChanged
from mestore.checkout.types import WantedLine
from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionPolicy, CommissionStatus
from mestore.kernel.db import Database
from mestore.orders.models import VendorOrder
from mestore.orders.service import read_order, view_of
from mestore.orders.types import Viewer
from mestore.pricing.types import TaxPolicy
from mestore.shipping.types import ShippingPolicy
from tests.build import Build
from tests.checkout.till import GUEST, Till

FEE = 1_500_000


@dataclass(frozen=True)
class Golden:
    """Lines as (price in pesos, IVA, units), and what they come to in centavos."""

    name: str
    lines: tuple[tuple[str, int, int], ...]
    subtotal: int
    taxes: tuple[int, ...]
    shipping: int
    total: int
    is_tax_included: bool = False


GOLDEN = (
    Golden("19 per cent", (("45000", 19, 1),), 4_500_000, (855_000,), FEE, 6_855_000),
    Golden("5 per cent", (("45000", 5, 2),), 9_000_000, (450_000,), FEE, 10_950_000),
    Golden("no tax", (("45000", 0, 3),), 13_500_000, (0,), FEE, 15_000_000),
    # 123,450 x 19 % = 23,455.5 and 1,250 x 5 % = 62.5: half a centavo goes up.
    Golden("half up at 19", (("1234.50", 19, 1),), 123_450, (23_456,), FEE, 1_646_906),
    Golden("half up at 5", (("12.50", 5, 1),), 1_250, (63,), FEE, 1_501_313),
    Golden("just below half", (("12.49", 5, 1),), 1_249, (62,), FEE, 1_501_311),
    # Each line is rounded by itself: 63 + 63, not 125; three units of one line are one line.
    Golden("per line", (("12.50", 5, 1), ("12.50", 5, 1)), 2_500, (63, 63), FEE, 1_502_626),
    Golden("not per unit", (("12.50", 5, 3),), 3_750, (188,), FEE, 1_503_938),
    Golden(
        "mixed rates",
        (("19900", 19, 2), ("7350.75", 5, 3), ("3100", 0, 7)),
        8_355_225,
        (756_200, 110_261, 0),
        FEE,
        10_721_686,
    ),
    Golden("a centavo", (("0.01", 19, 1),), 1, (0,), FEE, 1_500_001),
    Golden("three centavos", (("0.03", 19, 1),), 3, (1,), FEE, 1_500_004),
    Golden("free from here", (("100000", 19, 2),), 20_000_000, (3_800_000,), 0, 23_800_000),
    Golden("a centavo short", (("199999.99", 0, 1),), 19_999_999, (0,), FEE, 21_499_999),
    Golden(
        "free in two lines",
        (("0.01", 0, 1), ("199999.99", 0, 1)),
        20_000_000,
        (0, 0),
        0,
        20_000_000,
    ),
    Golden("nothing to pay", (("0", 19, 2),), 0, (0,), 0, 0),
    Golden(
        "the largest",
        (("99999999999.99", 0, 1),),
        9_999_999_999_999,
        (0,),
        0,
        9_999_999_999_999,
    ),
    Golden("19 inside", (("119", 19, 1),), 11_900, (1_900,), FEE, 1_511_900, True),
    Golden("19 inside, rounded", (("100", 19, 1),), 10_000, (1_597,), FEE, 1_510_000, True),
    Golden("5 inside", (("105", 5, 2),), 21_000, (1_000,), FEE, 1_521_000, True),
    Golden("5 inside, rounded", (("33.33", 5, 1),), 3_333, (159,), FEE, 1_503_333, True),
    Golden("0 inside", (("100", 0, 1),), 10_000, (0,), FEE, 1_510_000, True),
    Golden(
        "free with tax inside", (("200000", 19, 1),), 20_000_000, (3_193_277,), 0, 20_000_000, True
    ),
)


def choose(database: Database, *policies: object) -> None:
    """Let the operator choose."""
    database.policies = {**database.policies, **{type(one): one for one in policies}}


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
async def test_an_order_comes_to_exactly_this(till: Till, golden: Golden) -> None:
    choose(till.database, TaxPolicy(golden.is_tax_included))
    vendor = await till.build.vendor()
    lines = [
        (await till.build.product(price=price, tax_rate=rate, vendor=vendor), quantity)
        for price, rate, quantity in golden.lines
    ]

    order = await till.place(*lines)

    draft = order.draft
    assert draft.subtotal_minor == golden.subtotal
    assert tuple(line.tax_minor for line in draft.lines) == golden.taxes
    assert draft.tax_minor == sum(golden.taxes)
    assert draft.shipping_minor == golden.shipping
    assert draft.total_minor == golden.total
    async with till.database.read() as connection:
        stored = await read_order(connection, Viewer(is_staff=True), order.id)
    assert stored == view_of(order)
    assert (stored.subtotal, stored.tax_amount) == (golden.subtotal / 100, sum(golden.taxes) / 100)
    assert (stored.shipping_amount, stored.total_amount) == (
        golden.shipping / 100,
        golden.total / 100,
    )
    assert stored.discount_amount == 0
    assert await till.doctor() == []


async def test_each_vendor_gets_its_part_and_each_line_its_commission(till: Till) -> None:
    one, other = await till.build.vendor(), await till.build.vendor()
    first = await till.build.product(price="45000", tax_rate=19, vendor=one)
    second = await till.build.product(price="1234.50", tax_rate=5, vendor=one)
    third = await till.build.product(price="60000", tax_rate=0, vendor=other)

    order = await till.place((first, 2), second, third)

    # 9,000,000 + 123,450 + 6,000,000; IVA 1,710,000 + 6,173 (6,172.5) + 0.
    draft = order.draft
    assert (draft.subtotal_minor, draft.tax_minor) == (15_123_450, 1_716_173)
    assert (draft.shipping_minor, draft.total_minor) == (FEE, 18_339_623)
    columns = (VendorOrder.subtotal_minor, VendorOrder.tax_minor, VendorOrder.total_minor)
    async with till.database.read() as connection:
        rows = await connection.execute(select(VendorOrder.vendor_id, *columns))
        parts = {vendor: amounts for vendor, *amounts in rows}
        rows = await connection.execute(
            select(
                Commission.vendor_id,
                Commission.rate_basis_points,
                Commission.base_minor,
                Commission.amount_minor,
                Commission.tax_minor,
                Commission.status,
            ).order_by(Commission.order_item_id)
        )
        commissions = [tuple(row) for row in rows]
    assert parts == {
        one.id: [9_123_450, 1_716_173, 10_839_623],
        other.id: [6_000_000, 0, 6_000_000],
    }
    quoted = CommissionStatus.QUOTED
    # 5 %, and 19 % IVA on it, each rounded half up: 6,172.5 -> 6,173; 1,172.87 -> 1,173.
    assert commissions == [
        (one.id, 500, 9_000_000, 450_000, 85_500, quoted),
        (one.id, 500, 123_450, 6_173, 1_173, quoted),
        (other.id, 500, 6_000_000, 300_000, 57_000, quoted),
    ]


async def test_a_commission_is_frozen_with_the_order(till: Till) -> None:
    choose(till.database, CommissionPolicy(Decimal("7.25"), Decimal(19)))
    product = await till.build.product(price="10000", tax_rate=19)
    order = await till.place(product)
    choose(till.database, CommissionPolicy(Decimal(50), Decimal(0)))

    await till.settle_approved(order)

    async with till.database.read() as connection:
        columns = (Commission.rate_basis_points, Commission.amount_minor, Commission.tax_minor)
        rows = (await connection.execute(select(*columns, Commission.status))).all()
    assert [tuple(row) for row in rows] == [(725, 72_500, 13_775, CommissionStatus.PENDING)]
    assert (await till.balances())["platform:commission"] == -72_500


async def test_commission_is_of_the_price_without_tax_also_where_prices_hold_it(
    till: Till,
) -> None:
    choose(till.database, TaxPolicy(prices_include_tax=True))
    product = await till.build.product(price="119000", tax_rate=19)

    await till.place(product)

    async with till.database.read() as connection:
        rows = await connection.execute(select(Commission.base_minor, Commission.amount_minor))
        assert rows.one() == (10_000_000, 500_000)


async def test_the_operator_sets_fee_and_threshold(till: Till) -> None:
    choose(till.database, ShippingPolicy(fee_minor=990_050, free_from_minor=5_000_000))
    product = await till.build.product(price="49999.99", tax_rate=0)
    cheap = await till.build.product(price="0.01", tax_rate=0)

    below = await till.place(product)
    exactly = await till.place(product, cheap)

    assert (below.draft.shipping_minor, below.draft.total_minor) == (990_050, 5_990_049)
    assert (exactly.draft.shipping_minor, exactly.draft.total_minor) == (0, 5_000_000)


async def test_the_same_variant_twice_is_one_line(till: Till) -> None:
    product = await till.build.product(price="12.50", tax_rate=5, stock=5)
    by_variant = WantedLine(product.id, product.variant_id, 3)

    order = await till.place((product, 2), by_variant)

    (line,) = order.draft.lines
    assert (line.quantity, line.total_minor, line.tax_minor) == (5, 6_250, 313)
    assert await till.build.stock_of(product.variant_id) == (5, 5)


async def test_a_variant_may_have_a_price_of_its_own(till: Till) -> None:
    product = await till.build.product(price="10000", tax_rate=0, variants=1)
    (dearer,) = product.variant_ids
    async with till.database.transaction() as tx:
        change = update(Variant).where(Variant.id == dearer).values(price_minor=1_234_567)
        await tx.connection.execute(change)

    order = await till.place(
        WantedLine(product.id, product.variant_id, 2), WantedLine(product.id, dearer, 3)
    )

    own = {line.variant_id: (line.unit_price_minor, line.total_minor) for line in order.draft.lines}
    assert own == {product.variant_id: (1_000_000, 2_000_000), dearer: (1_234_567, 3_703_701)}
    titles = {line.variant_id: (line.variant_title, line.sku) for line in order.draft.lines}
    assert titles[dearer] == ("Option 1", f"{product.sku}-1")


async def test_an_order_does_not_follow_the_catalogue(till: Till) -> None:
    product = await till.build.product(price="45000", tax_rate=19, name="Café de antes")
    order = await till.place(product)
    before = view_of(order)
    async with till.database.transaction() as tx:
        values = {"name": "Café de ahora", "price_minor": 1, "tax_rate": 0, "is_public": False}
        await tx.connection.execute(update(Product).values(values))

    async with till.database.read() as connection:
        after = await read_order(connection, Viewer(is_staff=True), order.id)

    assert after == before
    assert after.items[0].product_name == "Café de antes"
    assert after.items[0].unit_price == 45_000
    await till.settle_approved(order)
    assert (await till.balances())["gateway:bank"] == 6_855_000


async def test_the_total_that_the_buyer_saw_is_kept_to(till: Till) -> None:
    product = await till.build.product(price="45000", tax_rate=19)
    before = await till.counts()

    with pytest.raises(TotalChanged) as refusal:
        await till.place(product, expected_total_minor=6_855_001)

    assert refusal.value.details == {"total": 68_550, "expected_total": 68_550.01}
    assert await till.counts() == before
    order = await till.place(product, expected_total_minor=6_855_000)
    assert order.draft.total_minor == 6_855_000


async def test_an_order_beyond_what_a_payment_carries_is_refused(till: Till) -> None:
    product = await till.build.product(price="100000000000", tax_rate=0, stock=1000)
    before = await till.counts()

    with pytest.raises(OrderTooLarge):
        await till.place((product, 1000))

    assert await till.counts() == before
    assert await till.build.stock_of(product.variant_id) == (1000, 0)


async def test_the_cart_shows_what_the_order_will_come_to(till: Till, build: Build) -> None:
    products = [
        await build.product(price=price, tax_rate=rate)
        for price, rate in (("1234.50", 19), ("12.50", 5), ("3100", 0))
    ]
    owner = CartOwner(session_id=GUEST)
    async with till.database.transaction() as tx:
        for product in products:
            shown = await CartService(tx).add(owner, product.id, None, 3)

    order = view_of(await till.place())

    assert (shown.subtotal, shown.tax_amount) == (order.subtotal, order.tax_amount)
    assert (shown.shipping_amount, shown.total_amount) == (
        order.shipping_amount,
        order.total_amount,
    )
