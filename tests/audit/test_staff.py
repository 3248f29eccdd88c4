"""What staff changes: exactly one entry an act, with what was before and after."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import Row

from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from tests.audit.log import RunJobs, entries
from tests.build import Build, BuiltProduct, BuiltUser, BuiltVendor
from tests.conftest import AsUser

Headers = dict[str, str]


class Office:
    """An operator at work, whose last act can be looked at."""

    def __init__(
        self, client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, headers: Headers
    ) -> None:
        self.client, self.database, self.run_jobs = client, database, run_jobs
        self.headers = headers

    async def do(self, method: str, path: str, **body: Any) -> Row[Any]:  # noqa: ANN401  JSON
        """Send a write and return the one entry that it made."""
        (entry,) = await self.do_all(method, path, **body)
        return entry

    async def do_all(self, method: str, path: str, **body: Any) -> list[Row[Any]]:  # noqa: ANN401
        """Send a write and return the entries that it made, each by this operator."""
        await self.run_jobs()
        known = len(await entries(self.database))
        answer = await self.client.request(
            method, path, headers=self.headers, json=body if body else None
        )
        assert answer.status_code in {200, 201, 204}, answer.text
        await self.run_jobs()
        return (await entries(self.database))[known:]


@pytest.fixture
async def admin(build: Build) -> BuiltUser:
    """An operator who may do everything."""
    return await build.user(UserType.SUPERUSER)


@pytest.fixture
async def office(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    as_user: AsUser,
    admin: BuiltUser,
) -> Office:
    """The operator at work."""
    return Office(client, database, run_jobs, await as_user(admin))


def told(entry: Row[Any]) -> tuple[str, Any, Any]:
    return entry.action, entry.before, entry.after


async def test_an_act_tells_who_did_it_and_from_where(
    office: Office, admin: BuiltUser, build: Build
) -> None:
    vendor = await build.vendor()
    entry = await office.do("PUT", f"/admin/vendors/{vendor.id}/status", status="SUSPENDED")
    assert (entry.actor_id, entry.actor_type) == (admin.id, "SUPERUSER")
    assert (entry.subject_type, entry.subject_id) == ("vendor", str(vendor.id))
    assert (entry.ip_address, len(entry.request_id)) == ("127.0.0.1", 16)


async def test_decisions_about_products(office: Office, build: Build) -> None:
    product = await build.product(approved=False)
    path = f"/admin/products/{product.id}/status"
    rejected = await office.do("PUT", path, status="REJECTED", reason="Blurred pictures")
    assert told(rejected) == (
        "products.rejected",
        {"status": "PENDING", "rejection_reason": None},
        {"status": "REJECTED", "rejection_reason": "Blurred pictures"},
    )
    approved = await office.do("PUT", path, status="APPROVED")
    assert told(approved)[0] == "products.approved"
    archived = await office.do("PUT", path, status="ARCHIVED")
    assert told(archived) == ("products.archived", {"status": "APPROVED"}, {"status": "ARCHIVED"})
    moved = await office.do("PUT", path, status="DRAFT")
    assert told(moved) == ("products.moved", {"status": "ARCHIVED"}, {"status": "DRAFT"})
    assert {entry.subject_id for entry in (rejected, approved, archived, moved)} == {
        str(product.id)
    }


async def test_edits_and_deletes_of_products(office: Office, build: Build) -> None:
    product = await build.product(price="45000", name="Old name")
    edited = await office.do(
        "PATCH", f"/products/{product.id}", name="New name", price=50000, is_featured=True
    )
    assert told(edited) == (
        "products.edited",
        {"name": "Old name", "price_minor": 4_500_000, "is_featured": False},
        {"name": "New name", "price_minor": 5_000_000, "is_featured": True},
    )
    counted = await office.do("PATCH", f"/products/{product.id}", stock=3, name="New name")
    assert counted.action == "inventory.set"
    deleted = await office.do("DELETE", f"/products/{product.id}")
    before = {"name": "New name", "sku": product.sku, "status": "APPROVED"}
    assert told(deleted) == ("products.deleted", before, None)


async def test_categories(office: Office, database: Database) -> None:
    added = await office.do("POST", "/categories", name="Toys")
    assert told(added)[:2] == ("categories.added", None)
    assert (added.after["name"], added.after["slug"]) == ("Toys", "toys")
    path = f"/categories/{added.subject_id}"
    changed = await office.do("PUT", path, name="Games")
    assert told(changed) == ("categories.changed", {"name": "Toys"}, {"name": "Games"})
    removed = await office.do("DELETE", path)
    assert (removed.action, removed.before["name"], removed.after) == (
        "categories.removed",
        "Games",
        None,
    )


async def test_vendors(office: Office, build: Build) -> None:
    vendor = await build.vendor()
    path = f"/admin/vendors/{vendor.id}/status"
    suspended = await office.do("PUT", path, status="SUSPENDED", reason="Late")
    assert told(suspended) == (
        "vendors.suspended",
        {"status": "APPROVED"},
        {"status": "SUSPENDED", "reason": "Late"},
    )
    assert await office.do_all("PUT", path, status="SUSPENDED", reason="Late") == []
    approved = await office.do("PUT", path, status="APPROVED")
    assert told(approved) == ("vendors.approved", {"status": "SUSPENDED"}, {"status": "APPROVED"})
    edited = await office.do("PUT", f"/vendors/{vendor.id}", city="Cali", phone="3109876543")
    assert told(edited) == (
        "vendors.edited",
        {"city": "Bogotá"},
        {"city": "Cali", "personal_fields": ["phone"]},
    )


async def test_stock(office: Office, build: Build) -> None:
    product = await build.product(stock=10, variants=1)
    variant, path = str(product.variant_id), f"/products/{product.id}/inventory"
    levels = [{"variant_id": variant, "on_hand": 25}]
    counted = {"variant_id": variant, "location": "Principal"}
    put = await office.do("PUT", path, levels=levels)
    assert told(put) == (
        "inventory.set",
        {"on_hand": [counted | {"units": 10}]},
        {"on_hand": [counted | {"units": 25}], "reason": "set"},
    )
    body = {"variant_id": variant, "delta": -5, "reason": "broken"}
    adjusted = await office.do("POST", f"{path}/adjust", **body)
    assert told(adjusted) == (
        "inventory.adjusted",
        {"on_hand": [counted | {"units": 25}]},
        {"on_hand": [counted | {"units": 20}], "reason": "broken"},
    )
    assert put.subject_id == adjusted.subject_id == str(product.id)
    assert await office.do_all("PUT", path, levels=[{**levels[0], "on_hand": 20}]) == []


async def test_users(office: Office, build: Build) -> None:
    new = {"email": "eva@example.com", "first_name": "Eva", "last_name": "Ejemplo"}
    created = await office.do("POST", "/users", **new, user_type="VENDOR")
    assert told(created) == ("users.created", None, {"user_type": "VENDOR"})
    path = f"/users/{created.subject_id}"
    edited = await office.do("PUT", path, first_name="Evita", marketing_consent=True)
    assert told(edited) == (
        "users.edited",
        {"marketing_consent": False},
        {"marketing_consent": True, "personal_fields": ["first_name"]},
    )
    suspended = await office.do("POST", f"{path}/suspend", reason="Fraud")
    assert told(suspended) == (
        "users.suspended",
        {"is_active": True},
        {"is_active": False, "reason": "Fraud"},
    )
    activated = await office.do("POST", f"{path}/activate")
    assert told(activated) == ("users.activated", {"is_active": False}, {"is_active": True})
    granted = await office.do("PUT", f"{path}/permissions", grant=[{"permission": "users.view"}])
    assert told(granted) == (
        "users.permissions_changed",
        {"users.view": "none"},
        {"users.view": "granted"},
    )
    erased = await office.do("DELETE", path)
    assert told(erased) == ("users.erased", None, None)


async def test_of_many_users_only_those_who_changed_are_written_down(
    office: Office, admin: BuiltUser, build: Build
) -> None:
    user = await build.user()
    found = await office.do_all(
        "POST",
        "/users/bulk-update",
        ids=[str(user.id), str(admin.id)],
        changes={"marketing_consent": True, "is_active": False},
    )
    # Nobody suspends themselves, so nothing of that one was changed either.
    assert [(entry.action, entry.subject_id) for entry in found] == [
        ("users.edited", str(user.id)),
        ("users.suspended", str(user.id)),
    ]


async def test_an_order_that_staff_cancels(office: Office, build: Build) -> None:
    product = await build.product()
    guest = {"Session-ID": "guest-0000001"}
    order = await office.client.post("/orders", headers=guest, json=_order(product))
    assert order.status_code == 201, order.text
    cancelled = await office.do("DELETE", f"/orders/{order.json()['id']}")
    assert told(cancelled) == (
        "orders.cancelled",
        {"status": "PENDING"},
        {"status": "CANCELLED"},
    )
    assert cancelled.subject_id == str(order.json()["id"])


async def test_what_owners_do_to_their_own_leaves_no_entry(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, build: Build, as_user: AsUser
) -> None:
    vendor: BuiltVendor = await build.vendor()
    product = await build.product(vendor=vendor)
    headers = await as_user(vendor.owner)
    stock = {"levels": [{"variant_id": str(product.variant_id), "on_hand": 3}]}
    for method, path, body in (
        ("PATCH", f"/products/{product.id}", {"name": "New name"}),
        ("PUT", f"/products/{product.id}/inventory", stock),
        ("PUT", "/vendors/profile", {"city": "Cali"}),
        ("PUT", "/auth/me", {"first_name": "New"}),
    ):
        answer = await client.request(method, path, headers=headers, json=body)
        assert answer.status_code == 200, answer.text
    await run_jobs()
    assert [entry.action for entry in await entries(database)] == ["auth.signed_in"]


async def test_a_refused_write_leaves_no_entry(office: Office, build: Build) -> None:
    product = await build.product(approved=False)
    await office.run_jobs()
    before = len(await entries(office.database))
    answer = await office.client.put(
        f"/admin/products/{product.id}/status", headers=office.headers, json={"status": "REJECTED"}
    )
    assert answer.status_code == 422
    await office.run_jobs()
    assert len(await entries(office.database)) == before


def _order(product: BuiltProduct) -> dict[str, Any]:
    return {
        "items": [{"product_id": str(product.id), "quantity": 1}],
        "customer_email": "guest@example.com",
        "shipping_name": "Persona Ejemplo",
        "shipping_phone": "+573001234567",
        "shipping_address": "Calle 100 # 8A - 55",
        "shipping_city": "Bogotá",
        "shipping_state": "Bogotá",
    }
