"""Exports: all users for operators, in bounded memory; for a person everything kept of them."""

import csv
import io
import json
import tracemalloc

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.models import User
from mestore.accounts.types import UserFilter, UserType
from mestore.disputes.service.claims import add_evidence, open_claim
from mestore.disputes.types import Cause, Claim, DisputeKind
from mestore.kernel.db import Database
from mestore.privacy.service import COLUMNS, users_as
from mestore.privacy.types import ExportFormat
from tests.accounts.test_users import add_many
from tests.build import Build
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser, SignIn

BUYER, VENDOR, ADMIN, SUPERUSER = UserType


async def test_operators_get_users_as_csv_that_no_spreadsheet_runs(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user(await build.user(ADMIN, email="boss@example.com"))
    user = await build.user(email="a@example.com")
    odd = {"first_name": '=HYPERLINK("x")', "last_name": "-1+1", "company": '@a, "b"\nc'}
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).where(User.id == user.id).values(**odd))
    answer = await client.get("/users/export?role=BUYER", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="users.csv"'
    (line,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert tuple(line) == COLUMNS
    assert (line["id"], line["email"]) == (str(user.id), "a@example.com")
    assert line["first_name"] == '\'=HYPERLINK("x")'
    assert (line["last_name"], line["phone"]) == ("'-1+1", "'+573001234567")
    assert line["company"] == '\'@a, "b"\nc'
    assert (line["username"], line["is_active"], line["mfa_enabled"]) == ("", "true", "false")


async def test_the_json_export_has_what_the_list_has(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user(ADMIN))
    await build.user(VENDOR)
    listed = (await client.get("/users?sort=created_at", headers=headers)).json()["users"]
    answer = await client.get("/users/export?format=json", headers=headers)
    assert answer.json() == {"users": listed}
    none = await client.get("/users/export?format=json&search=nobodyatall", headers=headers)
    assert none.json() == {"users": []}
    assert (await client.get("/users/export?format=xml", headers=headers)).status_code == 422


async def test_five_thousand_users_go_out_in_batches_and_bounded_memory(
    database: Database, build: Build, statements: list[str]
) -> None:
    await add_many(database, 5_000)
    statements.clear()
    most, total = 0, 0
    tracemalloc.start()
    async for piece in users_as(ExportFormat.CSV, database, UserFilter()):
        most, total = max(most, len(piece)), total + len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 700_000
    assert most < total / 8
    assert peak < 8_000_000
    assert len(statements) == 11
    sizes = [len(piece) async for piece in users_as(ExportFormat.JSON, database, UserFilter())]
    assert max(sizes) < sum(sizes) / 8
    assert len(statements) == 22


async def test_five_thousand_users_are_whole_over_http(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user(await build.user(ADMIN))
    await add_many(database, 5_000)
    answer = await client.get("/users/export?format=csv&role=BUYER", headers=headers)
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len({line["email"] for line in lines}) == 5_000
    assert {line["first_name"] for line in lines} == {"'=SUM(A1)"}


async def test_a_person_gets_all_that_is_kept_and_no_secret(
    client: httpx2.AsyncClient, build: Build, database: Database, sign_in: SignIn
) -> None:
    buyer, product = await build.user(), await build.product(stock=5)
    till = Till(database, build)
    order = await till.place((product, 2), owner=owner_of(buyer))
    await till.place(product)
    headers = await sign_in(buyer.email)
    page = {"bio": "About me", "preferences": {"a": 1}, "marketing_consent": True}
    await client.put("/auth/me", json=page, headers=headers)

    answer = await client.get("/users/export", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {
        "exported_at",
        "profile",
        "vendor",
        "consents",
        "sessions",
        "activity",
        "api_keys",
        "reviews",
        "review_marks",
        "imports",
        "history_choice",
        "searches",
        "viewed_products",
        "saved_searches",
        "saved_search_matches",
        "price_alerts",
        "refunds",
        "bank_accounts",
        "payouts",
        "payment_traces",
        "dispute_evidence",
        "orders",
    }
    assert (body["profile"]["email"], body["profile"]["bio"]) == (buyer.email, "About me")
    assert (body["profile"]["preferences"], body["vendor"]) == ({"a": 1}, None)
    assert [(c["document"], c["is_given"]) for c in body["consents"]] == [("marketing", True)]
    assert [session["ip_address"] for session in body["sessions"]] == ["127.0.0.1"]
    assert [entry["action"] for entry in body["activity"]] == ["login", "profile_changed"]
    (shown,) = body["orders"]
    assert (shown["order_number"], shown["shipping_city"]) == (order.order_number, "Bogotá, D.C.")
    assert [(item["sku"], item["quantity"]) for item in shown["items"]] == [(product.sku, 2)]
    assert shown["items"][0]["unit_price"] == 45_000
    assert isinstance(shown["total"], int)
    text = json.dumps(body)
    assert not [word for word in ("password", "digest", "hash") if word in text]


async def test_a_vendors_shop_is_part_of_their_data(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    body = (await client.get("/users/export", headers=await as_user(vendor.owner))).json()
    assert body["vendor"]["business_name"] == vendor.business_name


async def test_what_somebody_wrote_against_a_dispute_is_part_of_their_data(
    database: Database, build: Build, client: httpx2.AsyncClient, as_user: AsUser, till: Till
) -> None:
    product, staff = await build.product(), await build.user(ADMIN)
    order = await till.place(product)
    await till.settle_approved(order)
    claim = Claim(
        order.id, DisputeKind.REVERSION, Cause.FRAUD, "B-1", None, None, is_withdrawn=False
    )
    author = product.vendor.owner
    async with database.transaction() as tx:
        dispute_id = await open_claim(tx, claim, staff.id)
        await add_evidence(tx, dispute_id, "It was signed for.", author.id, product.vendor.id)
        await add_evidence(tx, dispute_id, "We ask the carrier.", staff.id)
    body = (await client.get("/users/export", headers=await as_user(author))).json()
    (said,) = body["dispute_evidence"]
    assert (said["dispute_id"], said["text"]) == (dispute_id, "It was signed for.")


async def test_operators_answer_a_person_and_may_ask_for_themselves(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    admin, user = await build.user(ADMIN), await build.user()
    headers = await as_user(admin)
    mine = await client.get("/users/export?mine=true", headers=headers)
    assert mine.json()["profile"]["email"] == admin.email
    theirs = await client.get(f"/users/{user.id}/export", headers=headers)
    assert theirs.json()["profile"]["email"] == user.email


@pytest.mark.parametrize("role", [BUYER, VENDOR])
async def test_nobody_else_gets_anothers_data(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, role: UserType
) -> None:
    user, other = await build.user(), await build.user(role)
    headers = await as_user(other)
    answer = await client.get(f"/users/{user.id}/export", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "USER_NOT_FOUND")
    listed = await client.get("/users/export?role=BUYER&format=json", headers=headers)
    assert listed.json()["profile"]["email"] == other.email
    assert (await client.get("/users/export")).status_code == 401
