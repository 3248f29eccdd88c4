"""Vendors offer products: what is taken, what it becomes, and what is refused."""

import json
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import func, select

from mestore.accounts.types import UserType
from mestore.catalog.models import Product, Variant
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job
from mestore.vendors.types import VendorStatus
from tests.build import Build
from tests.catalog.bodies import code, fields, offer, offered
from tests.conftest import AsUser


async def count(database: Database, table: type) -> int:
    async with database.read() as connection:
        counted = await connection.execute(select(func.count()).select_from(table))
        return counted.scalar_one()


async def test_a_trusted_vendor_sells_at_once(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor, category = await build.vendor(), await build.category("Fiestas")
    body = offer(
        description="Una piñata.",
        short_description="Piñata",
        compare_at_price=50000,
        cost_price="12000.25",
        tax_rate=5,
        category_id=category.slug,
        brand="Cóndor",
        tags=["Línea Blanca", "fiesta", "LINEA BLANCA"],
        weight=0.19,
        dimensions={"length": 10, "width": 5.5, "height": 2},
        is_visible=True,
        seo_title="Piñata",
        seo_description="La mejor piñata",
        videos=["https://example.com/v.mp4"],
        metadata={"origen": ["Bogotá", 1, None, {"a": True}]},
        low_stock_threshold=3,
    )
    answer = await client.post("/products", headers=await as_user(vendor.owner), json=body)
    assert answer.status_code == 201
    product = answer.json()
    assert answer.headers["location"] == f"/api/v1/products/{product['id']}"
    assert answer.headers["etag"].startswith('"1.')
    assert product["created_at"] == product["updated_at"]
    assert product["created_at"].endswith("Z")
    expected = {
        "id": str(UUID(product["id"])),
        "number": product["number"],
        "sku": "PIN-001",
        "name": "Piñata de Bogotá",
        "slug": "pinata-de-bogota",
        "description": "Una piñata.",
        "short_description": "Piñata",
        "price": 45000.5,
        "compare_at_price": 50000,
        "currency": "COP",
        "tax_rate": 5,
        "category": {"id": str(category.id), "name": "Fiestas", "slug": category.slug},
        "brand": "Cóndor",
        "tags": ["Línea Blanca", "fiesta"],
        "weight": 0.19,
        "dimensions": {"length": 10, "width": 5.5, "height": 2},
        "status": "APPROVED",
        "is_visible": True,
        "is_featured": False,
        "seo_title": "Piñata",
        "seo_description": "La mejor piñata",
        "images": [],
        "videos": ["https://example.com/v.mp4"],
        "track_inventory": True,
        "stock": 7,
        "in_stock": True,
        "is_backorder": False,
        "low_stock_threshold": 3,
        "rating": {"average": 0, "count": 0},
        "vendor": {"id": str(vendor.id), "business_name": vendor.business_name},
        "metadata": {"origen": ["Bogotá", 1, None, {"a": True}]},
        "created_at": product["created_at"],
        "updated_at": product["updated_at"],
        "cost_price": 12000.25,
        "rejection_reason": None,
        "pending_changes": None,
    }
    assert product == expected
    public = (await client.get("/products/pinata-de-bogota")).json()
    assert public == {
        name: value
        for name, value in expected.items()
        if name not in {"cost_price", "rejection_reason", "pending_changes"}
    }


async def test_least_is_a_name_a_sku_and_a_price(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    body = {"name": "Café", "sku": "C-1", "precio_venta": 18000}
    answer = await client.post("/products", headers=headers, json=body)
    assert answer.status_code == 201
    product = answer.json()
    shown = {name: product[name] for name in ("price", "tax_rate", "stock", "in_stock", "category")}
    assert shown == {
        "price": 18000,
        "tax_rate": 19,
        "stock": 0,
        "in_stock": False,
        "category": None,
    }
    assert (product["tags"], product["metadata"], product["dimensions"]) == ([], {}, None)


async def test_an_untrusted_vendor_waits_for_approval(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor(is_trusted=False)).owner)
    jobs = await count(database, Job)
    product = await offered(client, headers)
    assert product["status"] == "PENDING"
    assert await count(database, Job) == jobs
    assert (await client.get(f"/products/{product['id']}")).status_code == 404
    assert (await client.get("/products")).json()["products"] == []


async def test_a_draft_is_not_handed_in_even_by_a_trusted_vendor(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers, status="draft")
    assert product["status"] == "DRAFT"
    assert (await client.get(f"/products/{product['id']}")).status_code == 404


async def test_the_first_stock_is_there_when_the_answer_is(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    variants = [
        {"sku": "PIN-001-R", "title": "Roja", "option1": "Rojo", "stock": 3, "price": 50000},
        {"sku": "PIN-001-A", "title": "Azul", "option1": "Azul", "stock": 2},
    ]
    product = await offered(client, headers, stock=5, variants=variants)
    assert product["stock"] == 10
    listed = (await client.get(f"/products/{product['id']}/variants")).json()["variants"]
    shown = [
        (
            variant["sku"],
            variant["title"],
            variant["price"],
            variant["price_override"],
            variant["stock"],
            variant["is_default"],
            variant["position"],
        )
        for variant in listed
    ]
    assert shown == [
        ("PIN-001", None, 45000.5, None, 5, True, 0),
        ("PIN-001-R", "Roja", 50000, 50000, 3, False, 1),
        ("PIN-001-A", "Azul", 45000.5, None, 2, False, 2),
    ]
    assert {variant["product_id"] for variant in listed} == {product["id"]}
    assert await build.stock_of(UUID(listed[0]["id"])) == (5, 0)


@pytest.mark.parametrize("status", [VendorStatus.PENDING, VendorStatus.SUSPENDED])
async def test_a_shop_that_is_not_open_offers_nothing(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    status: VendorStatus,
) -> None:
    vendor = await build.vendor(status=status)
    answer = await client.post("/products", headers=await as_user(vendor.owner), json=offer())
    assert code(answer) == (403, "SHOP_NOT_OPEN")
    assert await count(database, Product) == 0


async def test_only_vendors_offer(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    assert code(await client.post("/products", json=offer())) == (401, "UNAUTHORIZED")
    for kind in (UserType.BUYER, UserType.ADMIN):
        headers = await as_user(await build.user(kind))
        answer = await client.post("/products", headers=headers, json=offer())
        assert code(answer) == (403, "NOT_A_VENDOR")
    assert await count(database, Product) == 0


async def test_a_sku_is_used_once_a_vendor(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    first, second = await build.vendor(), await build.vendor()
    await offered(client, await as_user(first.owner))
    again = await client.post(
        "/products", headers=await as_user(first.owner), json=offer(name="Otra")
    )
    assert code(again) == (409, "SKU_TAKEN")
    assert await count(database, Product) == 1
    assert await count(database, Variant) == 1
    assert (await offered(client, await as_user(second.owner)))["sku"] == "PIN-001"


async def test_skus_are_compared_letter_by_letter(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    await offered(client, headers, sku="abc")
    assert (await offered(client, headers, sku="ABC"))["sku"] == "ABC"


async def test_a_variant_cannot_have_the_sku_of_its_product_or_of_another_one(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    for skus in (["PIN-001"], ["a", "b", "b"]):
        body = offer(variants=[{"sku": sku} for sku in skus])
        answer = await client.post("/products", headers=headers, json=body)
        assert code(answer) == (409, "SKU_TAKEN")
        assert answer.json()["details"] == {"sku": skus[-1]}
    assert await count(database, Product) == 0


async def test_the_same_name_gets_another_slug(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    first = await offered(client, headers, sku="1")
    second = await offered(client, headers, sku="2")
    assert first["slug"] == "pinata-de-bogota"
    assert second["slug"].startswith("pinata-de-bogota-")
    assert (await client.get(f"/products/{second['slug']}")).json()["id"] == second["id"]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Search", "search-"),
        ("¡¡!!", "producto"),
        ("01990000-0000-7000-8000-000000000000", "01990000-0000-7000-8000-000000000000-"),
    ],
)
async def test_a_slug_never_hides_behind_another_address(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, name: str, start: str
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers, name=name)
    assert product["slug"].startswith(start)
    assert product["slug"] != name.lower()
    assert (await client.get(f"/products/{product['slug']}")).json()["id"] == product["id"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": -1}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": 1.234}, "price"),
        ({"price": True}, "price"),
        ({"price": 10**12}, "price"),
        ({"name": ""}, "name"),
        ({"name": "x" * 501}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"description": "a\u0000b"}, "description"),
        ({"sku": "x" * 101}, "sku"),
        ({"stock": -1}, "stock"),
        ({"stock": 1.5}, "stock"),
        ({"stock": "7"}, "stock"),
        ({"stock": True}, "stock"),
        ({"tax_rate": 16}, "tax_rate"),
        ({"tags": "oferta"}, "tags"),
        ({"tags": ["x"] * 31}, "tags"),
        ({"tags": ["x" * 51]}, "tags.0"),
        ({"weight": -1}, "weight"),
        ({"weight": 0.0001}, "weight"),
        ({"dimensions": {"length": 1, "width": 2}}, "dimensions.height"),
        ({"dimensions": {"length": 1, "width": 2, "height": 0}}, "dimensions.height"),
        ({"videos": ["javascript:alert(1)"]}, "videos.0"),
        ({"metadata": {"text": "x" * 17_000}}, "metadata"),
        ({"metadata": {"text": "a\u0000"}}, "metadata"),
        ({"metadata": {"text": "\ud800"}}, "metadata.text.str"),
        ({"metadata": []}, "metadata"),
        ({"is_visible": "yes"}, "is_visible"),
        ({"status": "APPROVED"}, "status"),
        ({"category_id": "no es un slug"}, "category_id"),
        ({"variants": [{"title": "sin sku"}]}, "variants.0.sku"),
        ({"precio_venta": 1}, "precio_venta"),
        ({"vendor_id": "01990000-0000-7000-8000-000000000000"}, "vendor_id"),
    ],
)
async def test_nonsense_is_refused_by_field(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    changes: dict[str, Any],
    field: str,
) -> None:
    headers = await as_user((await build.vendor()).owner) | {"Content-Type": "application/json"}
    # In ASCII, so that half a surrogate pair can be sent at all.
    body = json.dumps(offer() | changes)
    answer = await client.post("/products", headers=headers, content=body)
    assert {name.removesuffix(".float").removesuffix(".int") for name in fields(answer)} == {field}
    assert await count(database, Product) == 0


@pytest.mark.parametrize(
    ("changes", "issue"),
    [
        ({"status": "APPROVED"}, "Input should be 'DRAFT' or 'PENDING'"),
        ({"price": "12.000"}, "Decimal input should have no more than 2 decimal places"),
    ],
)
async def test_what_is_wrong_is_said_in_words_of_the_api(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    changes: dict[str, Any],
    issue: str,
) -> None:
    headers = await as_user((await build.vendor()).owner)
    answer = await client.post("/products", headers=headers, json=offer() | changes)
    assert [each["issue"] for each in answer.json()["errors"]] == [issue]


async def test_not_a_number_is_no_metadata(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner) | {"Content-Type": "application/json"}
    body = b'{"name": "a", "sku": "b", "price": 1, "metadata": {"x": NaN}}'
    answer = await client.post("/products", headers=headers, content=body)
    assert fields(answer) == ["metadata"]
    assert await count(database, Product) == 0


async def test_metadata_nested_without_end_is_refused(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner) | {"Content-Type": "application/json"}
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    body = b'{"name": "a", "sku": "b", "price": 1, "metadata": ' + deep + b"}"
    answer = await client.post("/products", headers=headers, content=body)
    assert answer.status_code == 422


async def test_without_a_price_there_is_no_product(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    answer = await client.post("/products", headers=headers, json=offer(price=None))
    assert fields(answer) == ["price"]


async def test_the_price_before_must_be_above_the_price(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    body = offer(compare_at_price=45000.5)
    answer = await client.post("/products", headers=headers, json=body)
    assert code(answer) == (422, "COMPARE_AT_PRICE_TOO_LOW")
    assert await count(database, Product) == 0


async def test_an_unknown_category_is_refused(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    for key in ("no-hay", "01990000-0000-7000-8000-000000000000"):
        answer = await client.post("/products", headers=headers, json=offer(category_id=key))
        assert code(answer) == (422, "UNKNOWN_CATEGORY")
    assert await count(database, Product) == 0


async def test_only_staff_features_products(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    headers = await as_user((await build.vendor()).owner)
    answer = await client.post("/products", headers=headers, json=offer(is_featured=True))
    assert code(answer) == (403, "FEATURED_BY_STAFF")
    assert await count(database, Product) == 0
