"""Lists of products: filters, orders, pages, and who sees what."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.catalog.models import Product
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.vendors.types import VendorStatus
from tests.build import Build
from tests.catalog.bodies import code, names, offered
from tests.conftest import AsUser

NOWHERE = "01990000-0000-7000-8000-000000000000"


@pytest.fixture
async def shelf(client: httpx2.AsyncClient, build: Build, as_user: AsUser) -> dict[str, Any]:
    """Three products of two vendors in a tree of categories."""
    first, second = await build.vendor(), await build.vendor()
    home = await build.category("Hogar")
    kitchen = await build.category("Cocina", parent=home)
    shared = {"tags": ["hogar", "Línea Blanca"], "brand": "Cóndor"}
    await offered(
        client,
        await as_user(first.owner),
        name="Nevera PEQUEÑA",
        sku="N",
        price=900000,
        category_id=kitchen.slug,
        **shared,
    )
    await offered(
        client,
        await as_user(first.owner),
        name="Mesa de centro",
        sku="M",
        price=250000.5,
        stock=0,
        category_id=str(home.id),
        tags=["hogar"],
        brand="Roble 100%",
    )
    await offered(
        client,
        await as_user(second.owner),
        name="Café molido",
        sku="C",
        price=18000,
        brand="Sierra",
    )
    return {"first": first, "second": second, "home": home, "kitchen": kitchen}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("category={home.slug}", ["Mesa de centro", "Nevera PEQUEÑA"]),
        ("category={home.id}", ["Mesa de centro", "Nevera PEQUEÑA"]),
        ("category={kitchen.slug}", ["Nevera PEQUEÑA"]),
        ("vendor={first.id}", ["Mesa de centro", "Nevera PEQUEÑA"]),
        (f"vendor={NOWHERE}", []),
        ("brand=CONDOR", ["Nevera PEQUEÑA"]),
        ("brand=roble 100%25", ["Mesa de centro"]),
        ("brand=con", []),
        ("brand=", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("tags=hogar", ["Mesa de centro", "Nevera PEQUEÑA"]),
        ("tags=hogar,linea blanca", ["Nevera PEQUEÑA"]),
        ("tags=hogar&tags=LINEA BLANCA", ["Nevera PEQUEÑA"]),
        ("tags=blanca", []),
        ("tags=%25", []),
        ("min_price=250000.5", ["Mesa de centro", "Nevera PEQUEÑA"]),
        ("min_price=250000.51", ["Nevera PEQUEÑA"]),
        ("max_price=250000.5", ["Café molido", "Mesa de centro"]),
        ("min_price=18000&max_price=18000", ["Café molido"]),
        ("in_stock=true", ["Café molido", "Nevera PEQUEÑA"]),
        ("in_stock=false", ["Mesa de centro"]),
        ("search=pequena", ["Nevera PEQUEÑA"]),
        ("search=condor nevera", ["Nevera PEQUEÑA"]),
        ("search=CAFÉ", ["Café molido"]),
        ("search=linea", ["Nevera PEQUEÑA"]),
        ("search=nevera mesa", []),
        ("search=%25", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("search=_afe", ["Café molido"]),
        ("search=afe", ["Café molido"]),
        ("search=af", []),
        ("search=ca", ["Café molido"]),
        ("search=mo", ["Café molido"]),
        ("search=C", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("search=có ne", ["Nevera PEQUEÑA"]),
        ("search=ho", ["Mesa de centro", "Nevera PEQUEÑA"]),
        ("is_featured=false", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("is_featured=true", []),
        ("min_rating=0", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("min_rating=0.5", []),
        ("status=APPROVED", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("status=active", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("created_from=2020-01-01", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("created_to=2020-01-01T00:00:00Z", []),
        ("category={home.slug}&in_stock=true&sort=price", ["Nevera PEQUEÑA"]),
        ("sort=price", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("sort=-price", ["Nevera PEQUEÑA", "Mesa de centro", "Café molido"]),
        ("sort=created_at", ["Nevera PEQUEÑA", "Mesa de centro", "Café molido"]),
        ("sort=-name", ["Nevera PEQUEÑA", "Mesa de centro", "Café molido"]),
        ("unknown=1", ["Café molido", "Mesa de centro", "Nevera PEQUEÑA"]),
        ("per_page=1&page=2", ["Mesa de centro"]),
        ("limit=1&page=3", ["Nevera PEQUEÑA"]),
        ("page=4&per_page=1", []),
    ],
)
async def test_a_list_shows_what_its_filters_say(
    client: httpx2.AsyncClient, shelf: dict[str, Any], query: str, expected: list[str]
) -> None:
    answer = await client.get(f"/products?{query.format_map(shelf)}")
    assert names(answer) == expected
    if "page" not in query:
        assert answer.json()["pagination"]["total"] == len(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=stock", "UNKNOWN_SORT"),
        ("sort=--price", "UNKNOWN_SORT"),
        ("status=SOLD", "VALIDATION_FAILED"),
        ("category=no-hay", "UNKNOWN_CATEGORY"),
        (f"category={NOWHERE}", "UNKNOWN_CATEGORY"),
        ("category=a b", "VALIDATION_FAILED"),
        ("vendor=1", "VALIDATION_FAILED"),
        ("in_stock=maybe", "VALIDATION_FAILED"),
        ("min_price=-1", "VALIDATION_FAILED"),
        ("min_price=abc", "VALIDATION_FAILED"),
        ("min_price=1.001", "VALIDATION_FAILED"),
        ("max_price=99999999999999999999", "VALIDATION_FAILED"),
        ("min_rating=6", "VALIDATION_FAILED"),
        ("created_from=ayer", "VALIDATION_FAILED"),
        ("created_from=2026-01-01T10:00:00", "VALIDATION_FAILED"),
        ("created_from=0001-01-01", "VALIDATION_FAILED"),
        ("created_to=9999-12-31T23:59:59-05:00", "VALIDATION_FAILED"),
        ("search=%00", "VALIDATION_FAILED"),
        (f"search={'x' * 101}", "VALIDATION_FAILED"),
        ("tags=a,b,c,d,e,f", "VALIDATION_FAILED"),
        ("page=0", "INVALID_PAGE"),
        ("page=x", "VALIDATION_FAILED"),
        ("per_page=0", "INVALID_PAGE"),
        ("per_page=101", "INVALID_PAGE"),
        ("limit=101", "INVALID_PAGE"),
        ("page=501", "PAGE_TOO_DEEP"),
        ("page=99999999999999999999999", "PAGE_TOO_DEEP"),
        ("cursor=x", "INVALID_PAGE"),
        ("cursor=%ff", "INVALID_PAGE"),
    ],
)
async def test_a_list_refuses_what_it_does_not_know(
    client: httpx2.AsyncClient, build: Build, query: str, expected: str
) -> None:
    await build.product()
    assert code(await client.get(f"/products?{query}")) == (422, expected)


async def test_a_bad_filter_is_named(client: httpx2.AsyncClient, build: Build) -> None:
    answer = await client.get("/products?min_price=abc&in_stock=maybe")
    assert [error["field"] for error in answer.json()["errors"]] == ["min_price", "in_stock"]


async def test_days_are_bogotas(
    client: httpx2.AsyncClient, build: Build, database: Database
) -> None:
    product = await build.product()
    # Four in the morning in London is still the day before in Bogotá.
    moment = now().replace(hour=4, minute=0, second=0, microsecond=0)
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == product.id).values(created_at=moment)
        )
    day, before = moment.date(), moment.date() - timedelta(days=1)
    assert len(names(await client.get(f"/products?created_from={before}"))) == 1
    assert len(names(await client.get(f"/products?created_to={before}"))) == 1
    assert names(await client.get(f"/products?created_from={day}")) == []
    exact = moment.isoformat().replace("+00:00", "Z")
    assert len(names(await client.get(f"/products?created_from={exact}&created_to={exact}"))) == 1


async def test_ratings_filter_and_sort(
    client: httpx2.AsyncClient, build: Build, database: Database
) -> None:
    for name, stars in (("uno", 100), ("cuatro", 425), ("cinco", 500)):
        product = await build.product(name=name)
        async with database.transaction() as tx:
            await tx.connection.execute(
                update(Product)
                .where(Product.id == product.id)
                .values(rating_score=stars, rating_count=4)
            )
    assert names(await client.get("/products?min_rating=4.25&sort=rating")) == ["cuatro", "cinco"]
    listed = (await client.get("/products?sort=-rating")).json()["products"]
    assert [product["rating"] for product in listed] == [
        {"average": 5, "count": 4},
        {"average": 4.25, "count": 4},
        {"average": 1, "count": 4},
    ]


@pytest.mark.parametrize("sort", ["created_at", "price", "name", "rating"])
@pytest.mark.parametrize("minus", ["", "-"])
async def test_cursors_walk_all_rows_once_there_and_back(
    client: httpx2.AsyncClient, build: Build, sort: str, minus: str
) -> None:
    vendor = await build.vendor()
    for index in range(11):
        # Equal prices and names, so that only the tie-break tells the rows apart.
        await build.product(vendor=vendor, price=str(index % 3), name=f"n{index % 2}")
    await build.product(vendor=vendor, approved=False)
    query = f"/products?sort={minus}{sort}&per_page=3"
    seen, pages = [], [(await client.get(query)).json()]
    while cursor := pages[-1]["pagination"]["next"]:
        pages.append((await client.get(f"{query}&cursor={cursor}")).json())
    for page in pages:
        seen += [product["number"] for product in page["products"]]
    assert [len(page["products"]) for page in pages] == [3, 3, 3, 2]
    assert len(set(seen)) == len(seen) == 11
    assert [page["pagination"]["page"] for page in pages] == [1, 2, 3, 4]
    assert {page["pagination"]["total"] for page in pages} == {11}
    assert {page["pagination"]["pages"] for page in pages} == {4}
    if sort != "rating":
        key = "number" if sort == "created_at" else sort
        sorted_by = [product[key] for page in pages for product in page["products"]]
        assert sorted_by == sorted(sorted_by, reverse=minus == "-")
    numbered = [
        product["number"]
        for page in range(1, 5)
        for product in (await client.get(f"{query}&page={page}")).json()["products"]
    ]
    assert numbered == seen
    back, cursor = pages[-1]["products"], pages[-1]["pagination"]["previous"]
    while cursor:
        page = (await client.get(f"{query}&cursor={cursor}")).json()
        back, cursor = page["products"] + back, page["pagination"]["previous"]
    assert [product["number"] for product in back] == seen


async def test_a_cursor_belongs_to_its_order(client: httpx2.AsyncClient, build: Build) -> None:
    vendor = await build.vendor()
    for _ in range(2):
        await build.product(vendor=vendor)
    cursor = (await client.get("/products?per_page=1")).json()["pagination"]["next"]
    answer = await client.get(f"/products?per_page=1&sort=price&cursor={cursor}")
    assert code(answer) == (422, "INVALID_PAGE")


async def test_a_row_that_appears_between_two_pages_repeats_nothing(
    client: httpx2.AsyncClient, build: Build
) -> None:
    vendor = await build.vendor()
    built = [await build.product(vendor=vendor) for _ in range(4)]
    first = (await client.get("/products?per_page=2")).json()
    await build.product(vendor=vendor)
    rest = await client.get(f"/products?per_page=2&cursor={first['pagination']['next']}")
    shown = [product["id"] for page in (first, rest.json()) for product in page["products"]]
    assert shown == [str(product.id) for product in reversed(built)]


@pytest.mark.parametrize("status", ["DRAFT", "PENDING", "REJECTED", "ARCHIVED"])
async def test_other_statuses_are_their_vendors_and_staffs(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database, status: str
) -> None:
    product = await build.product(approved=False)
    await build.product()
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product).where(Product.id == product.id).values(status=status)
        )
    path = f"/products?status={status}"
    assert code(await client.get(path)) == (401, "UNAUTHORIZED")
    buyer = await as_user(await build.user())
    assert code(await client.get(path, headers=buyer)) == (403, "PRIVATE_STATUS")
    other = await as_user((await build.vendor()).owner)
    assert names(await client.get(path, headers=other)) == []
    admin = await as_user(await build.user(UserType.ADMIN))
    for headers in (await as_user(product.vendor.owner), admin):
        listed = (await client.get(path, headers=headers)).json()["products"]
        assert [(found["id"], found["cost_price"]) for found in listed] == [(str(product.id), None)]
    path = f"{path}&vendor={product.vendor.id}"
    assert code(await client.get(path, headers=other)) == (403, "PRIVATE_STATUS")
    assert len(names(await client.get(path, headers=admin))) == 1


async def test_my_products_are_mine_in_any_status(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    await build.product(vendor=vendor, name="publicado")
    await build.product(vendor=vendor, name="pendiente", approved=False)
    await build.product(name="ajeno")
    headers = await as_user(vendor.owner)
    answer = await client.get("/products/my-products", headers=headers)
    assert names(answer) == ["pendiente", "publicado"]
    assert answer.json()["pagination"]["total"] == 2
    pending = await client.get("/products/my-products?status=pending", headers=headers)
    assert names(pending) == ["pendiente"]
    sorted_by = await client.get("/products/my-products?sort=name&per_page=1", headers=headers)
    assert names(sorted_by) == ["pendiente"]
    assert sorted_by.json()["pagination"]["total"] == 2
    assert code(await client.get("/products/my-products")) == (401, "UNAUTHORIZED")
    buyer = await as_user(await build.user())
    assert code(await client.get("/products/my-products", headers=buyer)) == (403, "NOT_A_VENDOR")


async def test_a_vendor_finds_its_own_by_words_sku_category_and_status(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor, shirts = await build.vendor(), await build.category()
    polo = await build.category(parent=shirts)
    headers = await as_user(vendor.owner)
    for name, sku, category in (
        ("Camisa de niño", "CAM-01", polo),
        ("Camisa roja", "CAM-02", shirts),
        ("Pantalón", "PAN-77", None),
    ):
        slug = category.slug if category else None
        await offered(client, headers, name=name, sku=sku, category_id=slug)
    await build.product(vendor=vendor, name="Camisa pendiente", approved=False)
    await build.product(name="Camisa ajena")

    async def found(query: str) -> list[str]:
        answer = await client.get(f"/products/my-products?sort=name&{query}", headers=headers)
        assert answer.json()["pagination"]["total"] == len(names(answer))
        return names(answer)

    assert await found("search=camisa") == ["Camisa de niño", "Camisa pendiente", "Camisa roja"]
    assert await found("search=NINO CAMISA") == ["Camisa de niño"]
    assert await found("search=pan-7") == ["Pantalón"]
    assert await found("search=ajena") == []
    assert await found(f"category={shirts.slug}") == ["Camisa de niño", "Camisa roja"]
    assert await found(f"category={polo.id}") == ["Camisa de niño"]
    assert await found("search=camisa&status=PENDING") == ["Camisa pendiente"]
    assert await found(f"search=cam-0&category={shirts.slug}&status=PENDING") == []
    answer = await client.get("/products/my-products?category=nada", headers=headers)
    assert code(answer) == (422, "UNKNOWN_CATEGORY")
    assert names(await client.get("/products?search=pan-7")) == []


async def test_a_vendor_finds_what_is_running_low(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    sizes = [
        {"sku": "size-a", "title": "S", "stock": 50},
        {"sku": "size-b", "title": "M", "stock": 3},
    ]
    plenty = [{**size, "stock": 50} for size in sizes]
    shelf: dict[str, dict[str, Any]] = {
        "igual": {"stock": 5},
        "lleno": {"stock": 6},
        "sin contar": {"stock": None, "track_inventory": False},
        "tallas": {"stock": None, "variants": sizes},
        "tallas llenas": {"stock": None, "variants": plenty},
        "vacío": {"stock": None},
    }
    for name, fields in shelf.items():
        sku = name.replace(" ", "-")
        await offered(client, headers, name=name, sku=sku, low_stock_threshold=5, **fields)

    for query, expected in (
        ("low_stock=true", ["igual", "tallas", "vacío"]),
        ("low_stock=false", ["lleno", "sin contar", "tallas llenas"]),
        ("low_stock=true&search=tal", ["tallas"]),
    ):
        answer = await client.get(f"/products/my-products?sort=name&{query}", headers=headers)
        assert names(answer) == expected
    low = await client.get("/inventory/low-stock", headers=headers)
    skus = [line["sku"] for line in low.json()["low_stock"]]
    assert skus == ["igual", "size-b", "vacío"]


async def test_a_vendor_shows_what_it_sells(client: httpx2.AsyncClient, build: Build) -> None:
    vendor = await build.vendor()
    await build.product(vendor=vendor, name="publicado")
    await build.product(vendor=vendor, name="pendiente", approved=False)
    await build.product(name="ajeno")
    answer = await client.get(f"/vendors/{vendor.id}/products")
    assert names(answer) == ["publicado"]
    assert answer.json()["pagination"]["total"] == 1
    assert names(await client.get(f"/vendors/{(await build.vendor()).id}/products")) == []
    assert code(await client.get(f"/vendors/{vendor.id}/products?sort=x")) == (422, "UNKNOWN_SORT")


async def test_a_shop_that_is_not_there_has_no_list(
    client: httpx2.AsyncClient, build: Build
) -> None:
    suspended = await build.vendor(status=VendorStatus.SUSPENDED)
    for key in (NOWHERE, "x", suspended.id):
        assert (await client.get(f"/vendors/{key}/products")).status_code == 404
