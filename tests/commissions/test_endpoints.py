"""The list of rules, and plans, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from mestore.catalog.models import Product
from mestore.commissions.models import CommissionPlan, CommissionPlanVendor, CommissionRule
from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.build import Build
from tests.commissions.conftest import Headers

RULES, ORDER = "/admin/commission-rules", "/admin/commission-rules/order"
PLANS = "/admin/commission-plans"
FIVE = {"percent": 5}
Json = dict[str, Any]


async def rows(database: Database, *models: type[Base]) -> list[list[tuple[Any, ...]]]:
    """Return all rows of these tables."""
    async with database.read() as connection:
        return [
            [tuple(row) for row in await connection.execute(select(model.__table__))]
            for model in models
        ]


async def make(client: httpx2.AsyncClient, staff: Headers, **body: Any) -> Json:  # noqa: ANN401
    answer = await client.post(RULES, json={"name": "A rule", **body}, headers=staff)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def ids(client: httpx2.AsyncClient, staff: Headers) -> list[int]:
    answer = await client.get(RULES, headers=staff)
    return [rule["id"] for rule in answer.json()["rules"]]


async def test_a_rule_is_kept_as_it_was_sent(
    client: httpx2.AsyncClient, staff: Headers, build: Build, database: Database
) -> None:
    product = await build.product(category=await build.category())
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == product.id).values(brand="Ácme", brand_key="acme")
        )
        category = (await tx.connection.execute(select(Product.category_id))).scalar_one()
    plan = (await client.post(PLANS, json={"name": "Gold"}, headers=staff)).json()
    conditions = {
        "vendor_ids": [str(product.vendor.id)],
        "plan_ids": [plan["id"]],
        "category_ids": [str(category)],
        "brands": ["ÁCME"],
        "product_ids": [str(product.id)],
        "price_from": 10.5,
        "price_to": 99999.99,
    }
    formula = {
        "base": "GROSS",
        "percent": 12.25,
        "fixed_per_unit": 500,
        "floor": 100,
        "cap": 50000.5,
        "tiers": [{"from_sales": 0, "percent": 12}, {"from_sales": 1000000, "percent": 9.5}],
    }
    body = {
        "name": "Everything",
        "kind": "SERVICE",
        "conditions": conditions,
        "formula": formula,
        "keep_on_refund": True,
        "active": False,
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
    }

    answer = await client.post(RULES, json=body, headers=staff)

    shown = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"].endswith(f"{RULES}/{shown['id']}")
    assert shown["conditions"] == {**conditions, "brands": ["acme"]}
    assert shown["formula"] == formula
    assert (shown["kind"], shown["keep_on_refund"], shown["active"]) == ("SERVICE", True, False)
    assert shown["valid_from"] == "2026-01-01T05:00:00Z"
    # The last day counts whole.
    assert shown["valid_until"] == "2027-01-01T05:00:00Z"
    read = await client.get(f"{RULES}/{shown['id']}", headers=staff)
    assert read.json() == shown
    assert read.headers["etag"] == '"1"'


BAD_BODIES: dict[str, Json] = {
    "no formula": {"formula": None},
    "unknown field": {"percent": 5},
    "unknown condition": {"conditions": {"channel": "web"}},
    "unknown part of the formula": {"formula": {"percent": 5, "minimum": 1}},
    "floor above cap": {"formula": {"floor": 2, "cap": 1}},
    "same bound twice": {"formula": {"tiers": [{"from_sales": 5, "percent": 1}] * 2}},
    "bounds that fall": {
        "formula": {
            "tiers": [{"from_sales": 9, "percent": 1}, {"from_sales": 5, "percent": 1}],
        }
    },
    "more than all": {"formula": {"percent": 100.01}},
    "less than nothing": {"formula": {"fixed_per_unit": -1}},
    "a third decimal": {"formula": {"percent": 1.005}},
    "a period that is over first": {"valid_from": "2026-02-01", "valid_until": "2026-01-01"},
    "a band without a price": {"conditions": {"price_from": 2, "price_to": 1}},
    "no kind": {"kind": "GIFT"},
    "no name": {"name": " "},
    "no vendor": {"conditions": {"vendor_ids": [str(uuid7())]}},
    "no category": {"conditions": {"category_ids": [str(uuid7())]}},
    "no product": {"conditions": {"product_ids": [str(uuid7())]}},
    "no plan": {"conditions": {"plan_ids": [4711]}},
    "no brand": {"conditions": {"brands": ["Nobody's"]}},
    "a brand of signs": {"conditions": {"brands": ["!!"]}},
}


@pytest.mark.parametrize("bad", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_rule_with_a_fault_is_refused_whole(
    client: httpx2.AsyncClient, staff: Headers, database: Database, bad: Json
) -> None:
    rule = await make(client, staff, formula=FIVE)
    before = await rows(database, CommissionRule)
    body = {"name": "A rule", "formula": FIVE, **bad}

    for answer in (
        await client.post(RULES, json=body, headers=staff),
        await client.put(f"{RULES}/{rule['id']}", json=body, headers=staff),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] in {"VALIDATION_FAILED", "UNKNOWN_IN_RULE"}

    assert await rows(database, CommissionRule) == before


async def test_the_list_keeps_its_order_and_says_what_is_hidden(
    client: httpx2.AsyncClient, staff: Headers, build: Build
) -> None:
    vendor = await build.vendor()
    of_vendor = {"vendor_ids": [str(vendor.id)]}
    one = await make(client, staff, formula=FIVE, conditions=of_vendor)
    two = await make(client, staff, formula=FIVE)
    three = await make(client, staff, formula=FIVE, kind="SERVICE")
    assert [rule["hides"] for rule in (one, two, three)] == [0, 0, 0]
    wanted = [two["id"], three["id"], one["id"]]

    answer = await client.put(ORDER, json={"rule_ids": wanted}, headers=staff)

    shown = answer.json()["rules"]
    assert [rule["id"] for rule in shown] == wanted == await ids(client, staff)
    assert [rule["position"] for rule in shown] == [1, 2, 3]
    assert [(rule["hides"], rule["hidden_by"]) for rule in shown] == [
        (1, None),
        (0, None),
        (0, two["id"]),
    ]
    assert shown[0]["warnings"] == ["hides 1 rule"]
    spanish = {**staff, "Accept-Language": "es"}
    read = await client.get(f"{RULES}/{two['id']}", headers=spanish)
    assert read.json()["warnings"] == ["oculta 1 regla"]
    late = await make(client, staff, formula=FIVE)
    assert (late["position"], late["hidden_by"]) == (4, two["id"])
    read = await client.get(f"{RULES}/{two['id']}", headers=staff)
    assert read.json()["warnings"] == ["hides 2 rules"]


async def test_an_order_that_is_not_of_all_rules_is_refused_whole(
    client: httpx2.AsyncClient, staff: Headers, database: Database
) -> None:
    one, two = [(await make(client, staff, formula=FIVE))["id"] for _ in range(2)]
    before = await rows(database, CommissionRule)
    for wanted in ([one], [two, one, 999], [two, two], [two, one, one], []):
        answer = await client.put(ORDER, json={"rule_ids": wanted}, headers=staff)
        assert answer.status_code == 422, wanted
        assert answer.json()["code"] == "RULE_ORDER_MISMATCH"
    assert await rows(database, CommissionRule) == before


async def test_a_rule_is_replaced_at_its_place_unless_it_changed_meanwhile(
    client: httpx2.AsyncClient, staff: Headers, database: Database
) -> None:
    one = await make(client, staff, formula=FIVE)
    await make(client, staff, formula=FIVE)
    address = f"{RULES}/{one['id']}"
    body = {"name": "Changed", "formula": {"percent": 7}}
    stale = {**staff, "If-Match": '"1"'}

    answer = await client.put(address, json=body, headers=stale)

    shown = answer.json()
    assert (shown["name"], shown["version"], shown["position"]) == ("Changed", 2, 1)
    assert answer.headers["etag"] == '"2"'
    before = await rows(database, CommissionRule)
    assert (await client.put(address, json=body, headers=stale)).status_code == 412
    assert (await client.put(f"{RULES}/999", json=body, headers=staff)).status_code == 404
    assert await rows(database, CommissionRule) == before


async def test_a_deleted_rule_is_gone(client: httpx2.AsyncClient, staff: Headers) -> None:
    one, two = [(await make(client, staff, formula=FIVE))["id"] for _ in range(2)]
    assert (await client.delete(f"{RULES}/{one}", headers=staff)).status_code == 204
    assert await ids(client, staff) == [two]
    for again in (
        await client.delete(f"{RULES}/{one}", headers=staff),
        await client.get(f"{RULES}/{one}", headers=staff),
        await client.get(f"{RULES}/no-number", headers=staff),
    ):
        assert again.status_code == 404
    assert (await make(client, staff, formula=FIVE))["id"] not in {one, two}


async def test_rules_come_in_pages(
    client: httpx2.AsyncClient, staff: Headers, statements: list[str]
) -> None:
    made, counts = [], set()
    for _ in range(5):
        made.append((await make(client, staff, formula=FIVE))["id"])
        statements.clear()
        assert await ids(client, staff) == made
        counts.add(len(statements))
    assert len(counts) == 1
    first = (await client.get(RULES, params={"per_page": 2}, headers=staff)).json()
    assert (first["pagination"]["total"], first["pagination"]["pages"]) == (5, 3)
    after = {"per_page": 2, "cursor": first["pagination"]["next"]}
    second = (await client.get(RULES, params=after, headers=staff)).json()
    found = [rule["id"] for page in (first, second) for rule in page["rules"]]
    assert found == made[:4]


async def test_plans_and_who_has_them(
    client: httpx2.AsyncClient, staff: Headers, build: Build, database: Database
) -> None:
    vendor = await build.vendor()
    of_vendor = f"/admin/vendors/{vendor.id}/commission-plan"
    gold = (await client.post(PLANS, json={"name": "Gold"}, headers=staff)).json()
    silver = (await client.post(PLANS, json={"name": " Silver "}, headers=staff)).json()
    assert silver["name"] == "Silver"
    address = f"{PLANS}/{gold['id']}"

    for plan_id in (silver["id"], gold["id"], gold["id"]):
        answer = await client.put(of_vendor, json={"plan_id": plan_id}, headers=staff)
        assert answer.json() == {"vendor_id": str(vendor.id), "plan_id": plan_id}
    assert (await client.get(of_vendor, headers=staff)).json()["plan_id"] == gold["id"]
    listed = (await client.get(PLANS, headers=staff)).json()
    assert [(plan["name"], plan["vendor_count"]) for plan in listed["plans"]] == [
        ("Gold", 1),
        ("Silver", 0),
    ]

    before = await rows(database, CommissionPlan, CommissionPlanVendor)
    refused = (
        (await client.delete(address, headers=staff), 409, "PLAN_IN_USE"),
        (await client.post(PLANS, json={"name": "Gold"}, headers=staff), 409, "PLAN_NAME_TAKEN"),
        (await client.put(address, json={"name": "Silver"}, headers=staff), 409, "PLAN_NAME_TAKEN"),
        (await client.put(of_vendor, json={"plan_id": 999}, headers=staff), 404, "PLAN_NOT_FOUND"),
        (
            await client.put(
                f"/admin/vendors/{uuid7()}/commission-plan", json={"plan_id": None}, headers=staff
            ),
            404,
            "VENDOR_NOT_FOUND",
        ),
    )
    for answer, status, code in refused:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(database, CommissionPlan, CommissionPlanVendor) == before

    await client.put(of_vendor, json={"plan_id": None}, headers=staff)
    assert (await client.get(of_vendor, headers=staff)).json()["plan_id"] is None
    named = await make(client, staff, formula=FIVE, conditions={"plan_ids": [gold["id"]]})
    assert (await client.delete(address, headers=staff)).status_code == 409
    await client.delete(f"{RULES}/{named['id']}", headers=staff)
    assert (await client.put(address, json={"name": "Oro"}, headers=staff)).json()["name"] == "Oro"
    assert (await client.delete(address, headers=staff)).status_code == 204
    left = (await client.get(PLANS, headers=staff)).json()
    assert [plan["name"] for plan in left["plans"]] == ["Silver"]


async def test_every_act_of_staff_is_in_the_audit_log(
    client: httpx2.AsyncClient,
    staff: Headers,
    build: Build,
    run_jobs: Callable[[], Awaitable[int]],
) -> None:
    vendor = await build.vendor()
    rule = (await make(client, staff, formula=FIVE))["id"]
    other = (await make(client, staff, formula=FIVE))["id"]
    body = {"name": "Changed", "formula": FIVE}
    await client.put(f"{RULES}/{rule}", json=body, headers=staff)
    await client.put(ORDER, json={"rule_ids": [other, rule]}, headers=staff)
    await client.delete(f"{RULES}/{rule}", headers=staff)
    plan = (await client.post(PLANS, json={"name": "Gold"}, headers=staff)).json()["id"]
    await client.put(f"{PLANS}/{plan}", json={"name": "Oro"}, headers=staff)
    of_vendor = f"/admin/vendors/{vendor.id}/commission-plan"
    await client.put(of_vendor, json={"plan_id": plan}, headers=staff)
    await client.put(of_vendor, json={"plan_id": None}, headers=staff)
    await client.delete(f"{PLANS}/{plan}", headers=staff)
    await run_jobs()

    log = (await client.get("/admin/audit-log", headers=staff)).json()

    (entries,) = [value for value in log.values() if isinstance(value, list)]
    actions = [entry["action"] for entry in entries if entry["action"].startswith("commissions.")]
    assert sorted(actions) == sorted(
        f"commissions.{word}"
        for word in (
            "rule_added",
            "rule_added",
            "rule_changed",
            "rules_arranged",
            "rule_removed",
            "plan_added",
            "plan_changed",
            "vendor_plan_set",
            "vendor_plan_set",
            "plan_removed",
        )
    )
