"""What rules decide: who wins, what it comes to, which can never win; parts make the whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mestore.commissions.rules import amount_of, fees, hidden, rate_of, told, why_not
from mestore.commissions.types import (
    CommissionLine,
    CommissionPolicy,
    Conditions,
    FeeBase,
    FeeKind,
    Formula,
    Miss,
    Rule,
    RuleDraft,
    Sale,
    Tier,
)
from mestore.kernel.ids import uuid7

NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
SHOP, OTHER, CATEGORY, PRODUCT = uuid7(), uuid7(), uuid7(), uuid7()
SALE = Sale(
    vendor_id=SHOP,
    net_minor=1_000_000,
    gross_minor=1_190_000,
    unit_price_minor=500_000,
    quantity=2,
    at=NOON,
    product_id=PRODUCT,
    brand_key="acme",
    category_ids=frozenset({CATEGORY}),
    plan_id=3,
    month_sales_minor=5_000_000,
)
POLICY = CommissionPolicy()

money = st.integers(0, 10**13)
rates = st.integers(0, 10_000)
bounds = st.one_of(st.none(), money)


def rule(number: int = 1, kind: FeeKind = FeeKind.SALE, **changes: object) -> Rule:
    draft = replace(RuleDraft(f"Rule {number}", kind), **changes)  # type: ignore[arg-type]
    return Rule(number, number, 1, draft, NOON, NOON)


def only(number: int = 1, **conditions: object) -> Rule:
    return rule(number, conditions=replace(Conditions(), **conditions))  # type: ignore[arg-type]


@st.composite
def formulas(draw: st.DrawFn) -> Formula:
    floor, cap = draw(bounds), draw(bounds)
    if floor is not None and cap is not None:
        floor, cap = min(floor, cap), max(floor, cap)
    begins = sorted(draw(st.sets(money, max_size=4)))
    tiers = tuple(Tier(begin, draw(rates)) for begin in begins)
    base = draw(st.sampled_from(FeeBase))
    return Formula(base, draw(rates), draw(money), floor, cap, tiers)


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    net = draw(money)
    return replace(
        SALE,
        net_minor=net,
        gross_minor=net + draw(st.integers(0, net)),
        quantity=draw(st.integers(1, 10_000)),
        month_sales_minor=draw(money),
    )


@given(formulas(), sales())
def test_a_fee_is_what_paper_says(formula: Formula, sale: Sale) -> None:
    reached = [tier for tier in formula.tiers if tier.from_minor <= sale.month_sales_minor]
    rate = reached[-1].basis_points if reached else formula.basis_points
    base = sale.net_minor if formula.base is FeeBase.NET else sale.gross_minor
    percentage = (Decimal(base) * rate / 10_000).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    wanted = int(percentage) + formula.fixed_minor * sale.quantity

    amount = amount_of(formula, sale)

    assert rate_of(formula, sale.month_sales_minor) == rate
    if formula.cap_minor is not None and wanted > formula.cap_minor:
        assert amount == formula.cap_minor
    elif formula.floor_minor is not None and wanted < formula.floor_minor:
        assert amount == formula.floor_minor
    else:
        assert amount == wanted


@given(formulas(), st.randoms(use_true_random=False), money)
def test_tiers_hold_in_whatever_order_they_are_kept(
    formula: Formula, random: object, sold: int
) -> None:
    tiers = list(formula.tiers)
    random.shuffle(tiers)  # type: ignore[attr-defined]

    assert rate_of(replace(formula, tiers=tuple(tiers)), sold) == rate_of(formula, sold)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=12), money, money, st.data())
def test_refunds_in_parts_give_up_what_one_refund_does(
    parts: list[int], amount: int, tax: int, data: st.DataObject
) -> None:
    assume(tax <= amount)
    base = sum(parts)
    line = CommissionLine(1, 1, SHOP, base, amount, tax, 0, 0, 0)
    for order in (parts, data.draw(st.permutations(parts))):
        gone, given_amounts, given_taxes = 0, [], []
        for part in order:
            before = line.given_up(gone)
            gone += part
            after = line.given_up(gone)
            given_amounts.append(after[0] - before[0])
            given_taxes.append(after[1] - before[1])
            exact = Decimal(amount) * gone / base
            assert abs(after[0] - exact) <= Decimal("0.5")
        assert min(given_amounts + given_taxes) >= 0
        assert (sum(given_amounts), sum(given_taxes)) == (amount, tax) == line.given_up(base)


@given(money, money, money)
def test_a_kept_fee_is_never_given_up(base: int, amount: int, gone: int) -> None:
    line = CommissionLine(1, 1, SHOP, base, amount, amount, 0, 0, 0, is_kept_on_refund=True)
    assert line.given_up(min(gone, base)) == (0, 0)


@pytest.mark.parametrize(
    ("one", "miss"),
    [
        (only(), None),
        (only(vendor_ids=frozenset({SHOP, OTHER})), None),
        (only(vendor_ids=frozenset({OTHER})), Miss.VENDOR),
        (only(plan_ids=frozenset({3})), None),
        (only(plan_ids=frozenset({4})), Miss.PLAN),
        (only(category_ids=frozenset({CATEGORY, OTHER})), None),
        (only(category_ids=frozenset({OTHER})), Miss.CATEGORY),
        (only(brand_keys=frozenset({"acme"})), None),
        (only(brand_keys=frozenset({"other"})), Miss.BRAND),
        (only(product_ids=frozenset({PRODUCT})), None),
        (only(product_ids=frozenset({OTHER})), Miss.PRODUCT),
        (only(price_from_minor=500_000, price_to_minor=500_000), None),
        (only(price_from_minor=500_001), Miss.PRICE_BELOW),
        (only(price_to_minor=499_999), Miss.PRICE_ABOVE),
        (rule(is_active=False), Miss.INACTIVE),
        (rule(valid_from=NOON), None),
        (rule(valid_from=NOON + timedelta(microseconds=1)), Miss.NOT_YET_VALID),
        (rule(valid_until=NOON + timedelta(microseconds=1)), None),
        (rule(valid_until=NOON), Miss.NO_LONGER_VALID),
    ],
)
def test_the_condition_that_is_not_met_is_named(one: Rule, miss: Miss | None) -> None:
    assert why_not(one, SALE) is miss


@pytest.mark.parametrize(
    "one",
    [
        only(plan_ids=frozenset({3})),
        only(brand_keys=frozenset({"acme"})),
        only(product_ids=frozenset({PRODUCT})),
        only(category_ids=frozenset({CATEGORY})),
    ],
)
def test_what_is_not_known_of_a_line_never_fits(one: Rule) -> None:
    bare = replace(SALE, plan_id=None, brand_key=None, product_id=None, category_ids=frozenset())
    assert why_not(one, bare) is not None


def test_the_first_of_each_kind_wins_and_the_default_is_the_last() -> None:
    found = fees(
        [
            rule(1, conditions=Conditions(vendor_ids=frozenset({OTHER}))),
            rule(2, formula=Formula(basis_points=700)),
            rule(3, formula=Formula(basis_points=100)),
            rule(4, FeeKind.SERVICE, formula=Formula(fixed_minor=500)),
            rule(5, FeeKind.SERVICE, formula=Formula(fixed_minor=900)),
        ],
        SALE,
        POLICY,
    )
    shown = [(fee.kind, fee.rule and fee.rule.id, fee.amount_minor, fee.tax_minor) for fee in found]
    assert shown == [(FeeKind.SALE, 2, 70_000, 13_300), (FeeKind.SERVICE, 4, 1_000, 190)]
    (default,) = fees([rule(1, FeeKind.PAYMENT, is_active=False)], SALE, POLICY)
    assert (default.rule, default.basis_points, default.amount_minor) == (None, 500, 50_000)


def test_a_formula_says_what_it_did() -> None:
    whole = Formula(FeeBase.GROSS, 1_250, 50_000, 100_000, 10_000_000, (Tier(0, 1_200),))
    assert told(whole, 1_200, 2) == (
        "12 % of gross (tier) + $ 500 x 2, at least $ 1.000, at most $ 100.000"
    )
    assert told(Formula(basis_points=500), 500, 1) == "5 % of net"
    longest = replace(whole, fixed_minor=10**13, floor_minor=10**13, cap_minor=10**13)
    assert len(told(longest, 10_000, 100_000)) <= 200


A, B = frozenset({uuid7(), uuid7()}), frozenset({uuid7()})


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule(1), rule(2), only(3, vendor_ids=A)], {2: 1, 3: 1}),
        ([only(1, vendor_ids=A), rule(2)], {}),
        ([only(1, vendor_ids=A | B), only(2, vendor_ids=B)], {2: 1}),
        ([only(1, vendor_ids=B), only(2, vendor_ids=A | B)], {}),
        ([only(1, vendor_ids=A), only(2, product_ids=B)], {}),
        ([rule(1, FeeKind.PAYMENT), rule(2)], {}),
        ([rule(1, is_active=False), rule(2)], {}),
        ([rule(1, valid_until=NOON), rule(2)], {}),
        ([rule(1, valid_until=NOON), rule(2, valid_until=NOON)], {2: 1}),
        ([only(1, price_from_minor=5), only(2, price_from_minor=5, price_to_minor=9)], {2: 1}),
        ([only(1, price_to_minor=8), only(2, price_from_minor=5, price_to_minor=9)], {}),
    ],
)
def test_a_rule_under_a_wider_one_is_hidden(rules: list[Rule], expected: dict[int, int]) -> None:
    assert hidden(rules) == expected


vendors = st.sampled_from([UUID(int=number) for number in range(1, 4)])
some = st.frozensets(vendors, max_size=3)


@given(st.lists(st.tuples(some, bounds, bounds), min_size=1, max_size=6), vendors, money)
def test_what_is_called_hidden_never_wins(
    wishes: list[tuple[frozenset[UUID], int | None, int | None]], vendor: UUID, price: int
) -> None:
    rules = [
        only(number, vendor_ids=ids, price_from_minor=low, price_to_minor=high)
        for number, (ids, low, high) in enumerate(wishes, 1)
    ]
    (fee,) = fees(rules, replace(SALE, vendor_id=vendor, unit_price_minor=price), POLICY)
    assert fee.rule is None or fee.rule.id not in hidden(rules)
