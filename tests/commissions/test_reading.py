"""Commissions as vendors and staff read them, and sales that staff tries out."""

from typing import Any

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.commissions.service import CommissionService
from mestore.commissions.types import Conditions, FeeBase, FeeKind, Formula, Tier
from mestore.kernel.clock import today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.kernel.money import to_number
from tests.build import Build
from tests.checkout.till import Till, guest
from tests.commissions.conftest import AddRule, Headers
from tests.conftest import AsUser

LIST, SIMULATE = "/commissions", "/commissions/simulate"
Json = dict[str, Any]


async def listed(client: httpx2.AsyncClient, headers: Headers, **params: object) -> Json:
    answer = await client.get(LIST, params=params, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def tried(client: httpx2.AsyncClient, staff: Headers, **body: object) -> Json:
    answer = await client.post(SIMULATE, json=body, headers=staff)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_vendor_reads_its_own_and_staff_all(
    client: httpx2.AsyncClient, staff: Headers, till: Till, as_user: AsUser, add_rule: AddRule
) -> None:
    one, two = await till.build.product(), await till.build.product(price="1000.01")
    service = await add_rule(Formula(FeeBase.GROSS, 250), kind=FeeKind.SERVICE)
    order = await till.place(one, two)
    own, other = await as_user(one.vendor.owner), await as_user(two.vendor.owner)

    everything = await listed(client, staff)
    mine = await listed(client, own)

    assert everything["pagination"]["total"] == 4
    assert {each["vendor_id"] for each in mine["commissions"]} == {str(one.vendor.id)}
    fee, sale = mine["commissions"]
    assert sale == {
        "id": sale["id"],
        "order_id": order.id,
        "order_item_id": sale["order_item_id"],
        "vendor_id": str(one.vendor.id),
        "kind": "SALE",
        "base_amount": 45000,
        "rate": 5,
        "amount": 2250,
        "tax_amount": 427.5,
        "refunded_amount": 0,
        "refunded_tax_amount": 0,
        "keep_on_refund": False,
        "status": "QUOTED",
        "rule": "default",
        "rule_id": None,
        "rule_version": None,
        "formula": "5 % of net",
        "created_at": sale["created_at"],
        "approved_at": None,
        "paid_at": None,
    }
    assert (fee["kind"], fee["base_amount"], fee["rate"]) == ("SERVICE", 53550, 2.5)
    assert (fee["rule_id"], fee["rule_version"], fee["amount"]) == (service, 1, 1338.75)
    # Another vendor's are not there, whatever is asked for.
    for asked in ({"vendor_id": str(one.vendor.id)}, {"vendor_id": str(uuid7())}):
        assert (await listed(client, other, **asked))["commissions"] == []
    assert len((await listed(client, other, order_id=order.id))["commissions"]) == 2


async def test_filters(
    client: httpx2.AsyncClient, staff: Headers, till: Till, database: Database
) -> None:
    product = await till.build.product()
    paid, other = await till.place(product), await till.place(await till.build.product())
    await till.settle_approved(paid)
    async with database.transaction() as tx:
        await CommissionService(tx).approve(paid.id, product.vendor.id)
    today = today_in_bogota().isoformat()
    wanted: list[tuple[Json, list[int]]] = [
        ({}, [other.id, paid.id]),
        ({"status": "APPROVED"}, [paid.id]),
        ({"status": "QUOTED"}, [other.id]),
        ({"order_id": other.id}, [other.id]),
        ({"vendor_id": str(product.vendor.id)}, [paid.id]),
        ({"kind": "SERVICE"}, []),
        ({"date_from": today, "date_to": today}, [other.id, paid.id]),
        ({"date_to": "2026-01-01"}, []),
        ({"date_from": "2999-01-01"}, []),
    ]
    for params, orders in wanted:
        found = (await listed(client, staff, **params))["commissions"]
        assert [each["order_id"] for each in found] == orders, params
    bad: tuple[Json, ...] = (
        {"status": "GIFT"},
        {"vendor_id": "x"},
        {"order_id": "x"},
        {"date_from": "yesterday"},
        {"per_page": 101},
    )
    for params in bad:
        answer = await client.get(LIST, params=params, headers=staff)
        assert answer.status_code == 422, params


async def test_pages_by_cursor_in_a_constant_number_of_statements(
    client: httpx2.AsyncClient, staff: Headers, till: Till, statements: list[str]
) -> None:
    products = [await till.build.product() for _ in range(7)]
    await till.place(*products)
    counts, found, cursor = [], [], None
    while True:
        statements.clear()
        page = await listed(client, staff, per_page=3, **({"cursor": cursor} if cursor else {}))
        counts.append(len(statements))
        found += [each["id"] for each in page["commissions"]]
        cursor = page["pagination"]["next"]
        if cursor is None:
            break
    assert found == sorted(found, reverse=True)
    assert len(found) == len(set(found)) == 7
    assert len(set(counts)) == 1


@pytest.mark.parametrize("user_type", [UserType.BUYER, UserType.VENDOR])
async def test_who_may_not(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, user_type: UserType
) -> None:
    # A vendor's role without a shop, as well as a buyer.
    headers = await as_user(await build.user(user_type))
    assert (await client.get(LIST, headers=headers)).status_code == 403
    assert (await client.post(SIMULATE, json={}, headers=headers)).status_code in {403, 422}


async def test_a_simulation_says_what_would_be_taken_and_why(
    client: httpx2.AsyncClient, staff: Headers, till: Till, add_rule: AddRule
) -> None:
    root = await till.build.category()
    leaf = await till.build.category(parent=root)
    product = await till.build.product(price="100000", category=leaf, stock=50)
    here = Conditions(category_ids=frozenset({root.id}))
    off = await add_rule(Formula(), is_active=False)
    dear = await add_rule(Formula(), Conditions(price_from_minor=10_000_001))
    won = await add_rule(Formula(basis_points=1_000, tiers=(Tier(30_000_000, 700),)), here)
    late = await add_rule(Formula(basis_points=900))
    service = await add_rule(Formula(fixed_minor=50_000), kind=FeeKind.SERVICE)

    shown = await tried(client, staff, product_id=str(product.id), quantity=2)

    assert (shown["net_amount"], shown["gross_amount"]) == (200000, 238000)
    assert [(fee["kind"], fee["rule_id"], fee["amount"]) for fee in shown["fees"]] == [
        ("SALE", won, 20000),
        ("SERVICE", service, 1000),
    ]
    assert (shown["amount"], shown["tax_amount"], shown["vendor_amount"]) == (21000, 3990, 213010)
    assert [each["rule_id"] for each in shown["won"]] == [won, service]
    assert [(each["rule_id"], each["condition"]) for each in shown["skipped"]] == [
        (off, "INACTIVE"),
        (dear, "PRICE_BELOW"),
        (late, "RULE_ABOVE_WON"),
    ]
    spanish = {**staff, "Accept-Language": "es"}
    again = await tried(client, spanish, product_id=str(product.id), quantity=2)
    assert again["skipped"][0]["reason"] == "Está desactivada."
    # What an order really takes is the same.
    order = await till.place((product, 2))
    real = (await listed(client, staff, order_id=order.id))["commissions"]
    assert sorted((fee["kind"], fee["amount"], fee["tax_amount"]) for fee in real) == sorted(
        (fee["kind"], fee["amount"], fee["tax_amount"]) for fee in shown["fees"]
    )
    assert {fee["formula"] for fee in real} == {fee["formula"] for fee in shown["fees"]}
    await till.settle_approved(await till.place((product, 4), owner=guest("big-guest-1")))
    grown = await tried(client, staff, product_id=str(product.id), quantity=2)
    assert (grown["month_sales"], grown["fees"][0]["rate"]) == (400000, 7)
    # In another month nothing is sold yet.
    past = await tried(client, staff, product_id=str(product.id), at="2026-01-31")
    assert (past["month_sales"], past["fees"][0]["rate"]) == (0, 10)


async def test_a_simulation_without_a_product(
    client: httpx2.AsyncClient, staff: Headers, build: Build, add_rule: AddRule, database: Database
) -> None:
    vendor, category = await build.vendor(), await build.category()
    rule = await add_rule(
        Formula(basis_points=800), Conditions(category_ids=frozenset({category.id}))
    )
    sale = {"vendor_id": str(vendor.id), "price": 1000.5, "tax_rate": 5}

    default = await tried(client, staff, **sale)
    inside = await tried(client, staff, **sale, category_id=str(category.id))

    assert (default["net_amount"], default["gross_amount"]) == (1000.5, 1050.53)
    assert (default["fees"][0]["rule"], default["fees"][0]["amount"]) == ("default", 50.03)
    assert default["skipped"][0]["condition"] == "CATEGORY"
    assert (inside["fees"][0]["rule_id"], inside["fees"][0]["amount"]) == (rule, 80.04)
    product = await build.product()
    bad: tuple[Json, ...] = (
        {},
        {"vendor_id": str(vendor.id)},
        {**sale, "vendor_id": str(uuid7())},
        {**sale, "category_id": str(uuid7())},
        {"product_id": str(uuid7())},
        {"product_id": str(product.id), "vendor_id": str(vendor.id)},
        {**sale, "quantity": 0},
        {**sale, "method": "PSE"},
    )
    for body in bad:
        answer = await client.post(SIMULATE, json=body, headers=staff)
        assert answer.status_code == 422, body
    same = await tried(client, staff, product_id=str(product.id), vendor_id=str(product.vendor.id))
    assert same["net_amount"] == to_number(product.price_minor)
