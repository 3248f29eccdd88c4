"""Hot reads: shapes as documented, statements counted, answers kept and let go."""

import asyncio
from typing import Any

import httpx2
import msgspec
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from mestore.accounts.types import UserType
from mestore.catalog.schemas import answers
from mestore.catalog.schemas.queries import ListQuery, OwnListQuery, ProductQuery
from mestore.catalog.views import categories, listing, products
from mestore.catalog.views.totals import Totals
from mestore.kernel import paging
from mestore.kernel.db import Database
from mestore.kernel.remembered import Kept
from tests.build import Build
from tests.catalog.bodies import Headers, names, offered
from tests.conftest import AsUser

SHAPES: list[tuple[type[msgspec.Struct], type[BaseModel]]] = [
    (products.ProductView, answers.ProductOut),
    (products.OwnProductView, answers.OwnProductOut),
    (products.CategoryRef, answers.CategoryRefOut),
    (products.VendorRef, answers.VendorRefOut),
    (products.Rating, answers.RatingOut),
    (products.VariantView, answers.VariantOut),
    (categories.CategoryView, answers.CategoryOut),
    (paging.Pagination, paging.PaginationOut),
]


@pytest.mark.parametrize(("hot", "documented"), SHAPES)
def test_a_hot_answer_has_the_fields_of_its_schema(
    hot: type[msgspec.Struct], documented: type[BaseModel]
) -> None:
    assert list(hot.__struct_fields__) == list(documented.model_fields)


async def test_hot_answers_are_what_their_schemas_say(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    category = await build.category()
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    await offered(
        client,
        headers,
        category_id=category.slug,
        dimensions={"length": 1, "width": 2.5, "height": 3},
        tags=["a"],
        weight=1.5,
        metadata={"a": 1},
        compare_at_price=50000,
    )
    for path, schema in (
        ("/products", answers.ProductsOut),
        (f"/vendors/{vendor.id}/products", answers.ProductsOut),
        ("/products/my-products", answers.OwnProductsOut),
        ("/products/pinata-de-bogota", answers.ProductOut),
        ("/products/pinata-de-bogota/variants", answers.VariantsOut),
        ("/products/pinata-de-bogota/images", answers.ImagesOut),
        ("/categories", answers.CategoriesOut),
        (f"/categories/{category.slug}", answers.CategoryOut),
    ):
        sent = headers if "my-products" in path else {}
        body = (await client.get(path, headers=sent)).json()
        assert schema.model_validate(body).model_dump(mode="json").keys() == body.keys()


def parameters(document: dict[str, Any], path: str) -> set[str]:
    found = document["paths"][f"/api/v1{path}"]["get"]["parameters"]
    return {parameter["name"] for parameter in found if parameter["in"] == "query"}


async def test_every_filter_is_documented(app: FastAPI) -> None:
    document = app.openapi()
    assert parameters(document, "/products") == set(ProductQuery.model_fields)
    assert parameters(document, "/products/my-products") == set(OwnListQuery.model_fields)
    assert parameters(document, "/vendors/{vendor_id}/products") == set(ListQuery.model_fields)
    shown = document["paths"]["/api/v1/products"]["get"]
    status = next(found for found in shown["parameters"] if found["name"] == "status")
    assert status["schema"]["anyOf"][0]["enum"][0] == "DRAFT"
    assert "$ref" not in str(shown["parameters"])
    assert shown["security"] == [{}, {"HTTPBearer": []}]


LISTS = [
    "/products?per_page=100",
    "/products?per_page=100&search=sample&in_stock=true&sort=-price",
    "/vendors/{vendor}/products?per_page=100",
    "/products/my-products?per_page=100",
    "/products/my-products?per_page=100&search=sample&low_stock=true&status=APPROVED&sort=-price",
]


@pytest.mark.parametrize("number", [1, 10, 50])
@pytest.mark.parametrize("path", LISTS)
async def test_a_list_is_one_statement_for_any_number(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    statements: list[str],
    number: int,
    path: str,
) -> None:
    vendor, category = await build.vendor(), await build.category()
    headers = await as_user(vendor.owner)
    for index in range(number):
        await offered(client, headers, sku=str(index), name="sample", category_id=category.slug)
    sent = headers if "my-products" in path else {}
    statements.clear()
    answer = await client.get(path.format(vendor=vendor.id), headers=sent)
    assert len(names(answer)) == number
    assert answer.json()["pagination"]["total"] == number
    reads = [text for text in statements if "FROM products" in text or "products ON" in text]
    # The session and the vendor of the signed-in caller are read as well.
    assert (len(reads), len(statements)) == (1, 3 if sent else 1)


async def test_a_list_with_more_pages_counts_once(
    client: httpx2.AsyncClient, build: Build, statements: list[str]
) -> None:
    vendor, category = await build.vendor(), await build.category()
    for _ in range(3):
        await build.product(vendor=vendor, category=category)
    path = f"/products?per_page=2&category={category.slug}"
    statements.clear()
    assert (await client.get(path)).json()["pagination"]["total"] == 3
    # The branch of the category, the rows, the total.
    assert len(statements) == 3
    statements.clear()
    assert (await client.get(f"{path}&page=2")).json()["pagination"]["total"] == 3
    assert len(statements) == 1


@pytest.mark.parametrize("number", [1, 10])
async def test_a_detail_is_one_statement_and_its_variants_two(
    client: httpx2.AsyncClient, build: Build, statements: list[str], number: int
) -> None:
    product = await build.product(variants=number, category=await build.category())
    for place, expected in (("", 1), ("/images", 1), ("/variants", 2)):
        for key in (product.id, product.slug):
            statements.clear()
            assert (await client.get(f"/products/{key}{place}")).status_code == 200
            assert len(statements) == expected


@pytest.mark.parametrize("number", [1, 10])
async def test_the_tree_is_one_statement_once_its_products_are_counted(
    client: httpx2.AsyncClient, build: Build, statements: list[str], number: int
) -> None:
    root = await build.category()
    for _ in range(number):
        await build.category(parent=root)
    await client.get("/categories/none")
    for path in ("/categories", f"/categories/{root.id}"):
        statements.clear()
        assert (await client.get(path)).status_code == 200
        assert len(statements) == 1


async def test_a_kept_answer_is_sent_without_a_statement_until_something_changes(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, statements: list[str]
) -> None:
    product = await build.product(price="100")
    headers = await as_user(product.vendor.owner)
    addresses = ("/products", f"/products/{product.id}", f"/vendors/{product.vendor.id}/products")
    for address in addresses:
        await client.get(address)
    statements.clear()
    for address in addresses:
        assert '"price":100,' in (await client.get(address)).text
    assert statements == []
    await client.patch(f"/products/{product.id}", headers=headers, json={"price": 200})
    for address in addresses:
        assert '"price":200,' in (await client.get(address)).text


async def test_who_signs_in_never_gets_a_kept_answer(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product()
    path = f"/products/{product.id}"
    assert "cost_price" not in (await client.get(path)).json()
    own = await client.get(path, headers=await as_user(product.vendor.owner))
    assert "cost_price" in own.json()
    assert "cost_price" not in (await client.get(path)).json()


CHANGES = ["offer", "edit", "delete", "decide", "category"]


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_lets_the_total_go(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, change: str
) -> None:
    vendor, category = await build.vendor(), await build.category()
    built = [await build.product(vendor=vendor, category=category) for _ in range(3)]
    owner = await as_user(vendor.owner)
    staff = await as_user(await build.user(UserType.ADMIN))
    path = f"/products?per_page=1&category={category.slug}"

    async def total() -> int:
        count: int = (await client.get(path)).json()["pagination"]["total"]
        return count

    assert await total() == 3
    product = f"/products/{built[0].id}"
    if change == "offer":
        await offered(client, owner, category_id=category.slug)
    elif change == "edit":
        await client.patch(product, headers=owner, json={"is_visible": False})
    elif change == "delete":
        await client.delete(product, headers=owner)
    elif change == "decide":
        await client.put(
            f"/admin{product}/status", headers=staff, json={"status": "REJECTED", "reason": "x"}
        )
    else:
        await move_one_under(client, staff, category.slug, build)
    assert await total() == (4 if change in {"offer", "category"} else 2)


async def move_one_under(
    client: httpx2.AsyncClient, staff: Headers, slug: str, build: Build
) -> None:
    other = await build.category()
    await build.product(category=other)
    body = {"name": "x", "parent_id": slug}
    answer = await client.put(f"/categories/{other.id}", headers=staff, json=body)
    assert answer.status_code == 200


async def test_many_who_wait_for_a_total_count_once() -> None:
    calls = 0

    async def count() -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return calls

    totals = Totals()
    found = await asyncio.gather(*(totals.counts.get("all", count) for _ in range(20)))
    assert found == [1] * 20
    totals.touch(["product:1", "categories"])
    assert await totals.counts.get("all", count) == 1
    totals.touch(["catalog"])
    assert await totals.counts.get("all", count) == 2


async def test_a_slow_count_is_awaited_first_and_then_only_for_a_moment() -> None:
    numbers, slow = iter([1, 2]), asyncio.Event()

    async def count() -> int:
        number = next(numbers)
        await asyncio.sleep(0.15) if number == 1 else await slow.wait()
        return number

    totals = Totals()
    assert await totals.counts.get("all", count) == 1
    totals.touch(["catalog"])
    assert await totals.counts.get("all", count) == 1
    slow.set()
    await asyncio.sleep(0.01)
    assert await totals.counts.get("all", count) == 2


async def test_what_cannot_be_fetched_is_not_kept() -> None:
    kept: Kept[int] = Kept(30)

    async def fail() -> int:
        raise LookupError

    async def succeed() -> int:
        return 1

    with pytest.raises(LookupError):
        await kept.get("key", fail)
    with pytest.raises(LookupError):
        await kept.get("key", fail)
    assert await kept.get("other", succeed) == 1


async def test_a_shape_is_built_once_for_all_its_requests(build: Build, database: Database) -> None:
    await build.product()
    listing._page.cache_clear()
    order, totals = listing.order_of("price"), Totals()
    for price in range(5):
        await listing.list_products(
            database,
            totals,
            listing.Listing(("public",), {"min_price": price}),
            order,
            paging.PageRequest(),
            listing.PUBLIC,
        )
    info = listing._page.cache_info()
    assert (info.misses, info.hits) == (1, 4)
