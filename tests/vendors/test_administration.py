"""The operator's list of vendors, and who may sell."""

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.vendors.errors import NotAVendor, VendorNotFound
from mestore.vendors.events import VendorApproved, VendorSuspended
from mestore.vendors.models import Vendor
from mestore.vendors.service import VendorService
from mestore.vendors.types import SellingVendor, VendorStatus
from tests.accounts.rows import hear, heard, row, rows
from tests.build import Build
from tests.conftest import AsUser
from tests.vendors.bodies import Headers


@pytest.fixture
async def admin(build: Build, as_user: AsUser) -> Headers:
    """The headers of an administrator."""
    return await as_user(await build.user(UserType.ADMIN))


async def test_the_list_shows_every_vendor_newest_first(
    client: httpx2.AsyncClient, build: Build, admin: Headers
) -> None:
    made = [await build.vendor(status=status) for status in VendorStatus]
    answer = await client.get("/admin/vendors", headers=admin)
    assert answer.status_code == 200
    listed = answer.json()
    assert [vendor["id"] for vendor in listed["vendors"]] == [str(v.id) for v in reversed(made)]
    assert listed["pagination"] == {
        "page": 1,
        "per_page": 20,
        "total": 3,
        "pages": 1,
        "next": None,
        "previous": None,
    }
    newest = listed["vendors"][0]
    assert newest == {
        "id": str(made[-1].id),
        "user_id": str(made[-1].owner.id),
        "email": made[-1].owner.email,
        "business_name": made[-1].business_name,
        "nit": None,
        "phone": "+573001234567",
        "city": "Bogotá",
        "department": "Cundinamarca",
        "primary_category": None,
        "status": "SUSPENDED",
        "is_trusted": True,
        "created_at": newest["created_at"],
        "updated_at": newest["updated_at"],
    }


async def test_the_list_filters_by_status_and_sorts_by_name(
    client: httpx2.AsyncClient, build: Build, admin: Headers
) -> None:
    for status in (VendorStatus.PENDING, VendorStatus.APPROVED, VendorStatus.PENDING):
        await build.vendor(status=status)
    query = {"status": "PENDING", "sort": "business_name"}
    listed = (await client.get("/admin/vendors", params=query, headers=admin)).json()
    names = [vendor["business_name"] for vendor in listed["vendors"]]
    assert (len(names), listed["pagination"]["total"]) == (2, 2)
    assert names == sorted(names)
    assert {vendor["status"] for vendor in listed["vendors"]} == {"PENDING"}


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "business_name", "-business_name"])
async def test_pages_by_number_and_by_cursor_are_the_same(
    client: httpx2.AsyncClient, build: Build, admin: Headers, sort: str
) -> None:
    made = {str((await build.vendor()).id) for _ in range(5)}
    query = {"sort": sort, "per_page": 2}

    async def page(**more: object) -> tuple[list[str], str | None]:
        params = {name: str(value) for name, value in (query | more).items()}
        answer = await client.get("/admin/vendors", params=params, headers=admin)
        assert answer.status_code == 200
        found = answer.json()
        return [vendor["id"] for vendor in found["vendors"]], found["pagination"]["next"]

    numbered = [(await page(page=number))[0] for number in (1, 2, 3)]
    ids, cursor = await page()
    by_cursor = [ids]
    while cursor:
        ids, cursor = await page(cursor=cursor)
        by_cursor.append(ids)
    assert by_cursor == numbered
    assert {each for ids in numbered for each in ids} == made


async def test_a_list_is_three_statements_however_long(
    client: httpx2.AsyncClient, build: Build, admin: Headers, statements: list[str]
) -> None:
    for _ in range(3):
        await build.vendor()
        statements.clear()
        await client.get("/admin/vendors", headers=admin)
        assert len(statements) == 3


@pytest.mark.parametrize(
    "query", ["status=OPEN", "sort=nit", "page=0", "per_page=101", "cursor=x", "page=x"]
)
async def test_an_unknown_filter_sort_or_page_is_422(
    client: httpx2.AsyncClient, admin: Headers, query: str
) -> None:
    assert (await client.get(f"/admin/vendors?{query}", headers=admin)).status_code == 422


async def test_a_vendor_is_suspended_and_approved_again(
    client: httpx2.AsyncClient, database: Database, build: Build, admin: Headers
) -> None:
    hear(database, VendorApproved, VendorSuspended)
    vendor = await build.vendor()
    path = f"/admin/vendors/{vendor.id}/status"
    assert (await client.get(f"/vendors/{vendor.id}")).status_code == 200

    body = {"status": "SUSPENDED", "reason": "Muestra"}
    for _ in range(2):
        answer = await client.put(path, json=body, headers=admin)
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert answer.json()["vendor"]["status"] == "SUSPENDED"
    assert (await client.get(f"/vendors/{vendor.id}")).status_code == 404

    for _ in range(2):
        answer = await client.put(path, json={"status": "APPROVED"}, headers=admin)
        assert answer.json()["vendor"]["status"] == "APPROVED"
    assert (await client.get(f"/vendors/{vendor.id}")).status_code == 200
    vendor_id = str(vendor.id)
    assert await heard(database) == [
        ("VendorSuspended", {"vendor_id": vendor_id, "reason": "Muestra"}),
        ("VendorApproved", {"vendor_id": vendor_id}),
    ]


async def test_a_pending_vendor_is_approved(
    client: httpx2.AsyncClient, build: Build, admin: Headers
) -> None:
    vendor = await build.vendor(status=VendorStatus.PENDING)
    path = f"/admin/vendors/{vendor.id}/status"
    answer = await client.put(path, json={"status": "APPROVED"}, headers=admin)
    assert answer.json()["vendor"]["status"] == "APPROVED"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "PENDING"},
        {"status": "approved"},
        {"status": None},
        {"status": "SUSPENDED", "reason": "x" * 501},
        {"status": "SUSPENDED", "why": "x"},
    ],
)
async def test_a_malformed_decision_changes_nothing(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    admin: Headers,
    body: dict[str, str],
) -> None:
    vendor = await build.vendor()
    before = await row(database, Vendor)
    answer = await client.put(f"/admin/vendors/{vendor.id}/status", json=body, headers=admin)
    assert answer.status_code == 422
    assert await row(database, Vendor) == before


async def test_an_unknown_vendor_is_not_found(client: httpx2.AsyncClient, admin: Headers) -> None:
    for vendor_id in (uuid7(), "7"):
        for status in ("APPROVED", "SUSPENDED"):
            answer = await client.put(
                f"/admin/vendors/{vendor_id}/status", json={"status": status}, headers=admin
            )
            assert answer.status_code == 404


async def test_only_staff_sees_the_list_and_decides(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    hear(database, VendorApproved, VendorSuspended)
    vendor = await build.vendor(status=VendorStatus.PENDING)
    before = await rows(database, Vendor)
    callers: list[tuple[Headers, int]] = [
        ({}, 401),
        (await as_user(await build.user()), 403),
        (await as_user(vendor.owner), 403),
    ]
    for headers, status in callers:
        assert (await client.get("/admin/vendors", headers=headers)).status_code == status
        decided = await client.put(
            f"/admin/vendors/{vendor.id}/status", json={"status": "APPROVED"}, headers=headers
        )
        assert decided.status_code == status
    assert await rows(database, Vendor) == before
    assert await heard(database) == []


async def test_other_rooms_find_a_vendor_by_id_and_by_its_user(
    database: Database, build: Build
) -> None:
    made = await build.vendor(status=VendorStatus.SUSPENDED, is_trusted=False)
    expected = SellingVendor(
        made.id, made.owner.id, made.business_name, VendorStatus.SUSPENDED, False
    )
    async with database.transaction() as tx:
        vendors = VendorService(tx)
        assert await vendors.get(made.id) == expected
        assert await vendors.of_user(made.owner.id) == expected
        with pytest.raises(VendorNotFound):
            await vendors.get(made.owner.id)
        with pytest.raises(NotAVendor):
            await vendors.of_user(made.id)
