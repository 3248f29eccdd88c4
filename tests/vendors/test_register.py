"""Registering as a vendor: account, shop and sign-in, all or nothing."""

import asyncio

import httpx2
import pytest

from mestore.accounts.events import SignedIn, UserRegistered
from mestore.accounts.models import Consent, Session, User
from mestore.kernel.db import Database
from mestore.vendors.events import VendorApproved
from mestore.vendors.models import Vendor
from mestore.vendors.types import VendorPolicy, VendorStatus
from tests.accounts.rows import hear, heard, row, rows
from tests.build import Build
from tests.vendors.bodies import business


async def nothing_was_added(database: Database) -> bool:
    return [await rows(database, table) for table in (User, Vendor, Session, Consent)] == [[]] * 4


async def test_registering_answers_a_sign_in_and_the_shop(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await client.post("/vendors/register", json=business())

    assert answer.status_code == 201
    given = answer.json()
    user, vendor = await row(database, User), await row(database, Vendor)
    assert (vendor.user_id, vendor.nit, vendor.phone) == (user.id, "900123456-8", "+573001234567")
    assert given["user_id"] == str(user.id)
    assert given["user"]["user_type"] == "VENDOR"
    assert given["user"]["company"] == "Tienda de muestra"
    assert (given["token_type"], given["expires_in"], given["requires_mfa"]) == (
        "bearer",
        3600,
        False,
    )
    assert given["vendor"] == {
        "id": str(vendor.id),
        "user_id": str(user.id),
        "business_name": "Tienda de muestra",
        "city": "Medellín",
        "department": "Antioquia",
        "primary_category": "Hogar",
        "description": "Una tienda para pruebas.",
        "nit": "900123456-8",
        "phone": "+573001234567",
        "status": "APPROVED",
        "is_trusted": False,
        "product_count": 0,
        "avg_rating": 0,
        "review_count": 0,
        "member_since": given["vendor"]["member_since"],
        "updated_at": given["vendor"]["updated_at"],
    }
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    me = (await client.get("/auth/me", headers=headers)).json()
    assert me | given["user"] == me
    refresh = {"refresh_token": given["refresh_token"]}
    assert (await client.post("/auth/refresh", json=refresh)).status_code == 200


async def test_the_vendors_terms_are_recorded(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/vendors/register", json=business())
    consent = await row(database, Consent)
    assert (consent.document, consent.version, consent.is_given, consent.ip_address) == (
        "vendor_terms",
        "2026-01",
        True,
        "127.0.0.1",
    )


async def test_where_the_operator_looks_first_a_vendor_is_pending(
    client: httpx2.AsyncClient, database: Database
) -> None:
    hear(database, VendorApproved)
    database.policies = {**database.policies, VendorPolicy: VendorPolicy(auto_approve=False)}
    answer = await client.post("/vendors/register", json=business())
    assert answer.json()["vendor"]["status"] == "PENDING"
    assert (await row(database, Vendor)).status is VendorStatus.PENDING
    assert await heard(database) == []


async def test_registering_is_published(client: httpx2.AsyncClient, database: Database) -> None:
    hear(database, UserRegistered, VendorApproved, SignedIn)
    headers = {"Session-ID": "guest-0001"}
    given = (await client.post("/vendors/register", json=business(), headers=headers)).json()
    assert await heard(database) == [
        ("UserRegistered", {"user_id": given["user_id"]}),
        ("VendorApproved", {"vendor_id": given["vendor"]["id"]}),
        ("SignedIn", {"user_id": given["user_id"], "guest_session": "guest-0001"}),
    ]


async def test_only_what_is_needed_has_to_be_sent(
    client: httpx2.AsyncClient, database: Database
) -> None:
    body = business()
    for field in ("nit", "department", "primary_category", "description"):
        del body[field]
    assert (await client.post("/vendors/register", json=body)).status_code == 201
    other = body | {"email": "otra@example.com"}
    assert (await client.post("/vendors/register", json=other)).status_code == 201
    assert [vendor.nit for vendor in await rows(database, Vendor)] == [None, None]


@pytest.mark.parametrize(
    "field",
    [
        "email",
        "password",
        "first_name",
        "last_name",
        "business_name",
        "phone",
        "city",
        "accept_terms",
    ],
)
async def test_a_missing_field_adds_nothing(
    client: httpx2.AsyncClient, database: Database, field: str
) -> None:
    body = business()
    del body[field]
    answer = await client.post("/vendors/register", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await nothing_was_added(database)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nit", "900123456-7"),
        ("nit", "900123456"),
        ("nit", 9001234568),
        ("phone", "123"),
        ("phone", None),
        ("city", ""),
        ("business_name", "x"),
        ("business_name", "x" * 201),
        ("description", "with nul \x00"),
        ("description", "x" * 5001),
        ("accept_terms", False),
        ("password", "weak"),
        ("email", "x"),
        ("status", "APPROVED"),
        ("is_trusted", True),
    ],
)
async def test_malformed_input_names_its_field_and_adds_nothing(
    client: httpx2.AsyncClient, database: Database, field: str, value: object
) -> None:
    answer = await client.post("/vendors/register", json=business(**{field: value}))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await nothing_was_added(database)


async def test_a_taken_email_adds_nothing(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    await build.user(email="tienda@example.com")
    answer = await client.post("/vendors/register", json=business())
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")
    assert len(await rows(database, User)) == 1
    assert await rows(database, Vendor) == []
    assert await rows(database, Session) == []


async def test_a_taken_nit_adds_neither_shop_nor_account(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/vendors/register", json=business())
    other = business(email="otra@example.com", nit="9001234568")
    answer = await client.post("/vendors/register", json=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "NIT_TAKEN")
    counts = [len(await rows(database, table)) for table in (User, Vendor, Session, Consent)]
    assert counts == [1, 1, 1, 1]


async def test_of_parallel_registrations_with_one_nit_one_wins(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(
        *(
            client.post("/vendors/register", json=business(email=f"tienda{number}@example.com"))
            for number in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert [len(await rows(database, table)) for table in (User, Vendor)] == [1, 1]
