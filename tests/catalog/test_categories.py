"""The tree of categories: seen by everybody, kept by staff, whole after every move."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.catalog.models import Category, Product
from mestore.kernel.db import Database
from tests.build import Build, BuiltCategory
from tests.catalog.bodies import Headers, code, names
from tests.conftest import AsUser

NOWHERE = "01990000-0000-7000-8000-000000000000"


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Headers:
    """The headers of an operator."""
    return await as_user(await build.user(UserType.ADMIN))


async def added(client: httpx2.AsyncClient, staff: Headers, **body: object) -> dict[str, Any]:
    answer = await client.post("/categories", headers=staff, json=body)
    assert answer.status_code == 201, answer.text
    category: dict[str, Any] = answer.json()
    return category


async def paths(database: Database) -> dict[str, str]:
    """Return the path of each category by its slug, in the words of slugs."""
    async with database.read() as connection:
        rows = await connection.execute(select(Category.number, Category.slug, Category.path))
        found = rows.all()
    slugs = {str(row.number): row.slug for row in found}
    return {
        row.slug: "/".join(slugs[part] for part in row.path.strip("/").split("/")) for row in found
    }


async def test_the_tree_is_shown_in_order_with_what_search_engines_need(
    client: httpx2.AsyncClient, staff: Headers
) -> None:
    await added(client, staff, name="Zapatos", position=1)
    home = await added(
        client,
        staff,
        name="Hogar y Jardín",
        position=0,
        description="Todo para la casa",
        seo_title="Hogar",
        seo_description="Muebles y más",
    )
    kitchen = await added(client, staff, name="Cocina", parent_id=home["id"], position=5)
    bath = await added(client, staff, name="Baño", parent_id="hogar-y-jardin", position=5)
    answer = await client.get("/categories")
    assert answer.status_code == 200
    shown = answer.json()["categories"]
    assert [category["slug"] for category in shown] == ["hogar-y-jardin", "zapatos"]
    assert [child["slug"] for child in shown[0]["children"]] == ["bano", "cocina"]
    assert shown[0] == home | {"children": [bath, kitchen]}
    assert home | {"created_at": None, "updated_at": None} == {
        "id": str(UUID(home["id"])),
        "number": home["number"],
        "parent_id": None,
        "path": f"/{home['number']}/",
        "name": "Hogar y Jardín",
        "slug": "hogar-y-jardin",
        "description": "Todo para la casa",
        "seo_title": "Hogar",
        "seo_description": "Muebles y más",
        "position": 0,
        "created_at": None,
        "updated_at": None,
        "product_count": 0,
        "children": [],
    }
    assert kitchen["path"] == f"/{home['number']}/{kitchen['number']}/"
    for key in (home["id"], home["slug"]):
        assert (await client.get(f"/categories/{key}")).json() == shown[0]


async def test_a_category_counts_the_public_products_in_all_of_it(
    client: httpx2.AsyncClient, build: Build, staff: Headers
) -> None:
    root = await build.category()
    leaf = await build.category(parent=await build.category(parent=root))
    for category, approved in ((root, True), (leaf, True), (leaf, True), (leaf, False)):
        await build.product(category=category, approved=approved)

    (shown,) = (await client.get("/categories")).json()["categories"]
    moved = await added(client, staff, name="Otra", parent_id=root.slug)

    (middle,) = shown["children"]
    counted = (shown["product_count"], middle["product_count"], moved["product_count"])
    assert counted == (3, 2, 0)
    assert middle["children"][0]["product_count"] == 2
    answer = await client.get(f"/categories/{middle['id']}")
    assert answer.json() == middle


@pytest.mark.parametrize("key", ["no-hay", NOWHERE, "%00", "a b", "x" * 201])
async def test_what_is_not_there_is_404(
    client: httpx2.AsyncClient, staff: Headers, key: str
) -> None:
    body = {"name": "x"}
    for answer in (
        await client.get(f"/categories/{key}"),
        await client.put(f"/categories/{key}", headers=staff, json=body),
        await client.delete(f"/categories/{key}", headers=staff),
    ):
        assert answer.status_code == 404


async def test_only_staff_changes_the_tree(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    category = await build.category()
    callers = {
        401: {},
        403: await as_user((await build.vendor()).owner),
    }
    for status, headers in callers.items():
        for answer in (
            await client.post("/categories", headers=headers, json={"name": "x"}),
            await client.put(f"/categories/{category.id}", headers=headers, json={"name": "x"}),
            await client.delete(f"/categories/{category.id}", headers=headers),
        ):
            assert answer.status_code == status
    assert await paths(database) == {category.slug: category.slug}


async def test_slugs_are_unique_chosen_or_made(
    client: httpx2.AsyncClient, staff: Headers, database: Database
) -> None:
    await added(client, staff, name="Café", slug="cafe")
    made = await added(client, staff, name="Café")
    assert made["slug"].startswith("cafe-")
    for send in (
        client.post("/categories", headers=staff, json={"name": "x", "slug": "cafe"}),
        client.put(f"/categories/{made['id']}", headers=staff, json={"name": "x", "slug": "cafe"}),
    ):
        assert code(await send) == (409, "SLUG_TAKEN")
    assert sorted(await paths(database)) == sorted(["cafe", made["slug"]])
    kept = await client.put("/categories/cafe", headers=staff, json={"name": "Otro nombre"})
    assert (kept.json()["slug"], kept.json()["name"]) == ("cafe", "Otro nombre")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 151},
        {"name": "a\u0000"},
        {"name": "x", "slug": "Mayúscula"},
        {"name": "x", "slug": NOWHERE},
        {"name": "x", "position": -1},
        {"name": "x", "position": "1"},
        {"name": "x", "parent_id": "a b"},
        {"name": "x", "parent_id": "no-hay"},
        {"name": "x", "path": "/1/"},
    ],
)
async def test_nonsense_is_refused(
    client: httpx2.AsyncClient, staff: Headers, database: Database, body: dict[str, object]
) -> None:
    answer = await client.post("/categories", headers=staff, json=body)
    assert answer.status_code == 422
    assert await paths(database) == {}


async def branch(build: Build, *slugs: str, parent: BuiltCategory | None = None) -> BuiltCategory:
    """Build categories one under the other and return the first."""
    first = None
    for slug in slugs:
        parent = await build.category(slug, parent=parent)
        first = first or parent
    assert first is not None
    return first


async def test_a_moved_branch_takes_everything_along_in_one_statement(
    client: httpx2.AsyncClient,
    build: Build,
    staff: Headers,
    database: Database,
    statements: list[str],
) -> None:
    top = await build.category("arriba")
    moved = await build.category("rama")
    leaf = await build.category("hoja", parent=moved)
    await build.category("brote", parent=leaf)
    # 1 is a prefix of 10: a path must end where a number does.
    others = [await build.category(f"otra-{index}") for index in range(10)]
    before = await paths(database)
    statements.clear()
    answer = await client.put(
        f"/categories/{moved.id}", headers=staff, json={"name": "rama", "parent_id": top.slug}
    )
    assert answer.status_code == 200
    updates = [text for text in statements if text.startswith("UPDATE categories SET path")]
    assert len(updates) == 1
    after = await paths(database)
    assert after[leaf.slug] == f"{top.slug}/{moved.slug}/{leaf.slug}"
    changed = {slug for slug in after if after[slug] != before[slug]}
    assert len(changed) == 3
    assert all(after[other.slug] == other.slug for other in others)
    back = await client.put(f"/categories/{moved.id}", headers=staff, json={"name": "rama"})
    assert back.json()["parent_id"] is None
    assert await paths(database) == before


async def test_a_category_never_lies_under_itself(
    client: httpx2.AsyncClient, build: Build, staff: Headers, database: Database
) -> None:
    root = await build.category("raíz")
    child = await build.category("hija", parent=root)
    before = await paths(database)
    for parent in (root, child):
        body = {"name": "raíz", "parent_id": str(parent.id)}
        answer = await client.put(f"/categories/{root.id}", headers=staff, json=body)
        assert code(answer) == (409, "CATEGORY_CYCLE")
    assert await paths(database) == before


async def test_two_moves_at_once_make_no_cycle(
    client: httpx2.AsyncClient, build: Build, staff: Headers, database: Database
) -> None:
    one, other = await build.category("uno"), await build.category("otro")

    async def move(category: BuiltCategory, under: BuiltCategory) -> int:
        body = {"name": "x", "parent_id": str(under.id)}
        answer = await client.put(f"/categories/{category.id}", headers=staff, json=body)
        return answer.status_code

    assert sorted(await asyncio.gather(move(one, other), move(other, one))) == [200, 409]
    after = await paths(database)
    assert sorted(len(path.split("/")) for path in after.values()) == [1, 2]


async def test_the_tree_has_a_depth(
    client: httpx2.AsyncClient, build: Build, staff: Headers, database: Database
) -> None:
    deepest = None
    for _ in range(10):
        deepest = await build.category(parent=deepest)
    assert deepest is not None
    body = {"name": "x", "parent_id": str(deepest.id)}
    answer = await client.post("/categories", headers=staff, json=body)
    assert code(answer) == (422, "CATEGORY_TOO_DEEP")
    other = await build.category()
    answer = await client.put(f"/categories/{other.id}", headers=staff, json=body)
    assert code(answer) == (422, "CATEGORY_TOO_DEEP")
    assert len(await paths(database)) == 11


async def category_of(database: Database, product_id: UUID) -> UUID | None:
    async with database.read() as connection:
        query = select(Product.category_id).where(Product.id == product_id)
        return (await connection.execute(query)).scalar_one()


async def test_a_category_that_holds_something_stays(
    client: httpx2.AsyncClient, build: Build, staff: Headers, database: Database
) -> None:
    parent = await build.category("padre")
    child = await build.category("hija", parent=parent)
    product = await build.product(category=child, approved=False)
    answer = await client.delete(f"/categories/{parent.id}", headers=staff)
    assert code(answer) == (409, "CATEGORY_IN_USE")
    assert answer.json()["details"] == {"products": 0, "children": 1}
    answer = await client.delete(f"/categories/{child.slug}", headers=staff)
    assert answer.json()["details"] == {"products": 1, "children": 0}
    assert len(await paths(database)) == 2
    assert await category_of(database, product.id) == child.id


async def test_an_empty_category_is_deleted(
    client: httpx2.AsyncClient, build: Build, staff: Headers, database: Database, as_user: AsUser
) -> None:
    category = await build.category()
    product = await build.product(category=category)
    owner = await as_user(product.vendor.owner)
    assert (await client.delete(f"/products/{product.id}", headers=owner)).status_code == 204
    answer = await client.delete(f"/categories/{category.id}", headers=staff)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await paths(database) == {}
    assert await category_of(database, product.id) is None


async def test_what_a_deleted_category_held_moves_on(
    client: httpx2.AsyncClient, build: Build, staff: Headers, database: Database
) -> None:
    target = await build.category("destino")
    doomed = await build.category("vieja")
    child = await build.category("hija", parent=doomed)
    grandchild = await build.category("nieta", parent=child)
    product = await build.product(category=doomed)
    answer = await client.delete(f"/categories/{doomed.slug}?move_to={target.slug}", headers=staff)
    assert answer.status_code == 204
    assert await paths(database) == {
        target.slug: target.slug,
        child.slug: f"{target.slug}/{child.slug}",
        grandchild.slug: f"{target.slug}/{child.slug}/{grandchild.slug}",
    }
    assert await category_of(database, product.id) == target.id
    shown = (await client.get(f"/categories/{target.id}")).json()
    assert [found["slug"] for found in shown["children"]] == [child.slug]
    assert len(names(await client.get(f"/products?category={target.slug}"))) == 1


@pytest.mark.parametrize(
    ("move_to", "expected"),
    [
        ("{doomed}", (409, "CATEGORY_CYCLE")),
        ("{child}", (409, "CATEGORY_CYCLE")),
        ("no-hay", (422, "UNKNOWN_CATEGORY")),
        ("a b", (422, "VALIDATION_FAILED")),
    ],
)
async def test_a_deleted_category_leaves_nothing_to_itself_or_nobody(
    client: httpx2.AsyncClient,
    build: Build,
    staff: Headers,
    database: Database,
    move_to: str,
    expected: tuple[int, str],
) -> None:
    doomed = await build.category("vieja")
    child = await build.category("hija", parent=doomed)
    target = move_to.format(doomed=doomed.id, child=child.slug)
    answer = await client.delete(f"/categories/{doomed.id}?move_to={target}", headers=staff)
    assert code(answer) == expected
    assert len(await paths(database)) == 2


async def test_a_renamed_category_is_renamed_in_its_products_at_once(
    client: httpx2.AsyncClient, build: Build, staff: Headers
) -> None:
    category = await build.category("antes")
    product = await build.product(category=category)
    addresses = ("/products", f"/products/{product.id}", "/categories")
    for address in addresses:
        assert "antes" in (await client.get(address)).text
    await client.put(f"/categories/{category.id}", headers=staff, json={"name": "después"})
    for address in addresses:
        assert "después" in (await client.get(address)).text
