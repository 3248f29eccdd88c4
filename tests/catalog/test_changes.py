"""What an untrusted vendor says of an approved product waits until the operator agrees."""

import httpx2
import pytest

from mestore.accounts.types import UserType
from tests.build import Build, BuiltProduct
from tests.catalog.bodies import Headers, code
from tests.conftest import AsUser


@pytest.fixture
async def product(build: Build) -> BuiltProduct:
    """An approved product of a vendor whose edits are reviewed."""
    vendor = await build.vendor(is_trusted=False)
    return await build.product(vendor=vendor, name="Camisa", price="10000")


@pytest.fixture
async def seller(product: BuiltProduct, as_user: AsUser) -> Headers:
    """The headers of the product's vendor."""
    return await as_user(product.vendor.owner)


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Headers:
    """The headers of an operator."""
    return await as_user(await build.user(UserType.ADMIN))


async def shown(client: httpx2.AsyncClient, product: BuiltProduct) -> dict[str, object]:
    """Return the product as the public reads it."""
    found: dict[str, object] = (await client.get(f"/products/{product.id}")).json()
    return found


async def test_texts_wait_and_price_and_stock_apply_at_once(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers
) -> None:
    body = {"name": "Camisa falsa", "tax_rate": 0, "price": 9000, "stock": 3}

    answer = await client.patch(f"/products/{product.id}", json=body, headers=seller)

    assert answer.status_code == 200
    assert answer.json()["pending_changes"] == {"name": "Camisa falsa", "tax_rate": 0}
    public = await shown(client, product)
    assert (public["name"], public["tax_rate"], public["price"]) == ("Camisa", 19, 9000)
    assert (public["stock"], public["status"]) == (3, "APPROVED")
    assert "pending_changes" not in public


async def test_the_operator_sees_the_difference_and_accepts_it(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers, staff: Headers
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"brand": "Marca"}, headers=seller)
    await client.patch(path, json={"name": "Camisa azul"}, headers=seller)

    listed = (await client.get("/admin/products/changes", headers=staff)).json()
    (change,) = listed["changes"]
    accepted = await client.put(f"/admin{path}/changes", json={"accept": True}, headers=staff)

    assert change["changes"] == {
        "brand": {"before": None, "after": "Marca"},
        "name": {"before": "Camisa", "after": "Camisa azul"},
    }
    assert accepted.status_code == 200
    public = await shown(client, product)
    assert (public["name"], public["brand"]) == ("Camisa azul", "Marca")
    again = await client.put(f"/admin{path}/changes", json={"accept": True}, headers=staff)
    assert code(again) == (404, "NOTHING_WAITS")


async def test_a_rejection_needs_a_reason_that_the_vendor_reads(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers, staff: Headers
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Marca ajena"}, headers=seller)

    bare = await client.put(f"/admin{path}/changes", json={"accept": False}, headers=staff)
    body = {"accept": False, "reason": "Esa marca no es suya"}
    rejected = await client.put(f"/admin{path}/changes", json=body, headers=staff)
    read = (await client.get(f"{path}/changes", headers=seller)).json()

    assert code(bare) == (422, "REASON_REQUIRED")
    assert rejected.status_code == 200
    assert (read["state"], read["reason"]) == ("REJECTED", "Esa marca no es suya")
    assert (await shown(client, product))["name"] == "Camisa"
    await client.patch(path, json={"brand": "Propia"}, headers=seller)
    read = (await client.get(f"{path}/changes", headers=seller)).json()
    assert (read["state"], list(read["changes"])) == ("PENDING", ["brand"])


async def test_who_decides_has_read_the_change_as_it_is(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers, staff: Headers
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Camisa uno"}, headers=seller)
    etag = (await client.get(path, headers=staff)).headers["etag"]
    await client.patch(path, json={"name": "Camisa dos"}, headers=seller)

    stale = await client.put(
        f"/admin{path}/changes", json={"accept": True}, headers=staff | {"If-Match": etag}
    )

    assert stale.status_code == 412
    assert (await shown(client, product))["name"] == "Camisa"


async def test_what_changes_nothing_does_not_wait(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Camisa roja"}, headers=seller)

    answer = await client.patch(path, json={"name": "Camisa"}, headers=seller)

    assert answer.json()["pending_changes"] is None
    assert (await client.get(f"{path}/changes", headers=seller)).status_code == 404


async def test_a_vendor_takes_an_edit_back(
    client: httpx2.AsyncClient,
    product: BuiltProduct,
    seller: Headers,
    build: Build,
    as_user: AsUser,
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Camisa roja"}, headers=seller)
    stranger = await as_user((await build.vendor()).owner)

    denied = await client.delete(f"{path}/changes", headers=stranger)
    kept = await client.get(f"{path}/changes", headers=seller)
    gone = await client.delete(f"{path}/changes", headers=seller)

    assert (denied.status_code, kept.status_code, gone.status_code) == (404, 200, 204)
    assert (await client.get(f"{path}/changes", headers=seller)).status_code == 404


async def test_edits_of_a_trusted_vendor_and_of_staff_apply_at_once(
    client: httpx2.AsyncClient,
    product: BuiltProduct,
    build: Build,
    as_user: AsUser,
    staff: Headers,
) -> None:
    trusted = await build.product(name="Gorra")
    headers = await as_user(trusted.vendor.owner)

    await client.patch(f"/products/{trusted.id}", json={"name": "Gorra azul"}, headers=headers)
    await client.patch(f"/products/{product.id}", json={"name": "Camisa azul"}, headers=staff)

    assert (await shown(client, trusted))["name"] == "Gorra azul"
    assert (await shown(client, product))["name"] == "Camisa azul"


async def test_what_is_said_while_a_product_leaves_the_shop_applies_at_once(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers
) -> None:
    body = {"status": "DRAFT", "name": "Camisa nueva"}

    answer = await client.patch(f"/products/{product.id}", json=body, headers=seller)

    shown = answer.json()
    assert (shown["status"], shown["name"], shown["pending_changes"]) == (
        "DRAFT",
        "Camisa nueva",
        None,
    )


async def test_an_edit_that_waits_gives_way_to_what_its_vendor_says_later(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers, staff: Headers
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Primera", "brand": "Marca"}, headers=seller)
    await client.patch(path, json={"status": "ARCHIVED"}, headers=seller)

    later = await client.patch(path, json={"name": "Segunda"}, headers=seller)
    accepted = await client.put(f"/admin{path}/changes", json={"accept": True}, headers=staff)

    assert later.json()["pending_changes"] == {"brand": "Marca"}
    assert accepted.status_code == 200
    assert (accepted.json()["name"], accepted.json()["brand"]) == ("Segunda", "Marca")


async def test_what_staff_corrects_leaves_the_vendors_edit_to_be_decided(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers, staff: Headers
) -> None:
    path = f"/products/{product.id}"
    await client.patch(path, json={"name": "Del vendedor"}, headers=seller)
    corrected = await client.patch(path, json={"name": "Del operador"}, headers=staff)
    assert corrected.json()["pending_changes"] == {"name": "Del vendedor"}


async def test_an_address_in_use_is_refused_before_it_waits(
    client: httpx2.AsyncClient, product: BuiltProduct, seller: Headers, build: Build
) -> None:
    path, other = f"/products/{product.id}", await build.product()

    for slug in (other.slug, "search"):
        refused = await client.patch(path, json={"slug": slug}, headers=seller)
        assert code(refused) == (409, "SLUG_TAKEN")

    assert (await client.get(f"{path}/changes", headers=seller)).status_code == 404


@pytest.mark.parametrize("is_taken_over", [True, False])
async def test_an_edit_follows_the_category_that_it_names(
    client: httpx2.AsyncClient,
    product: BuiltProduct,
    seller: Headers,
    staff: Headers,
    build: Build,
    is_taken_over: bool,
) -> None:
    path, wanted, heir = f"/products/{product.id}", await build.category(), await build.category()
    body = {"category_id": wanted.slug, "name": "Camisa azul"}
    await client.patch(path, json=body, headers=seller)
    move_to = f"?move_to={heir.slug}" if is_taken_over else ""

    gone = await client.delete(f"/categories/{wanted.slug}{move_to}", headers=staff)
    accepted = await client.put(f"/admin{path}/changes", json={"accept": True}, headers=staff)

    assert (gone.status_code, accepted.status_code) == (204, 200), accepted.text
    assert accepted.json()["name"] == "Camisa azul"
    category = accepted.json()["category"] or {"slug": None}
    assert category["slug"] == (heir.slug if is_taken_over else None)
