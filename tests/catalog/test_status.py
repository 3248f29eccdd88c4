"""Who moves a product to which status, and what the public then sees."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select, update

from mestore.accounts.types import UserType
from mestore.catalog.errors import StatusChangeNotAllowed
from mestore.catalog.events import ProductArchived, ProductChanged, ProductPublished
from mestore.catalog.models import Product
from mestore.catalog.service.products import CatalogService
from mestore.catalog.service.upsert import upsert_products
from mestore.catalog.types import (
    STAFF_MOVES,
    VENDOR_MOVES,
    Editor,
    ProductFields,
    ProductStatus,
    UpsertRow,
)
from mestore.inventory.service.opening import OpeningStockBook
from mestore.kernel.db import Database, Tx
from mestore.kernel.messages import Message
from mestore.kernel.outbox import Outbox
from mestore.vendors.service import VendorService
from mestore.vendors.types import SellingVendor
from tests.build import Build, BuiltProduct
from tests.catalog.bodies import Headers, code, names, offered
from tests.conftest import AsUser

Status = ProductStatus
EVERY_MOVE = [(status, wanted) for status in Status for wanted in Status]


async def status_of(database: Database, product_id: UUID) -> tuple[Status, bool]:
    async with database.read() as connection:
        query = select(Product.status, Product.is_public).where(Product.id == product_id)
        status, is_public = (await connection.execute(query)).one()
        return status, is_public


async def put_in(database: Database, product: BuiltProduct, status: Status) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Product)
            .where(Product.id == product.id)
            .values(status=status, is_public=status is Status.APPROVED)
        )


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Headers:
    """The headers of an operator."""
    return await as_user(await build.user(UserType.ADMIN))


async def decide(
    client: httpx2.AsyncClient, staff: Headers, product_id: object, **body: str
) -> httpx2.Response:
    return await client.put(f"/admin/products/{product_id}/status", headers=staff, json=body)


async def test_an_approved_product_is_public_at_once(
    client: httpx2.AsyncClient, build: Build, staff: Headers
) -> None:
    product = await build.product(approved=False)
    assert (await client.get(f"/products/{product.id}")).status_code == 404
    answer = await decide(client, staff, product.id, status="APPROVED")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["success"], shown["product"]["status"]) == (True, "APPROVED")
    assert answer.headers["etag"].startswith('"2')
    assert (await client.get(f"/products/{product.id}")).status_code == 200
    assert len(names(await client.get("/products"))) == 1


async def test_active_is_another_word_for_approved(
    client: httpx2.AsyncClient, build: Build, staff: Headers
) -> None:
    product = await build.product(approved=False)
    answer = await decide(client, staff, product.id, status="active")
    assert answer.json()["product"]["status"] == "APPROVED"


async def test_a_rejection_says_why_to_the_vendor_alone(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, staff: Headers, database: Database
) -> None:
    product = await build.product(approved=False)
    assert code(await decide(client, staff, product.id, status="REJECTED")) == (
        422,
        "REASON_REQUIRED",
    )
    assert await status_of(database, product.id) == (Status.PENDING, False)
    answer = await decide(client, staff, product.id, status="REJECTED", reason="Foto borrosa")
    assert answer.status_code == 200
    owner = await as_user(product.vendor.owner)
    own = (await client.get(f"/products/{product.id}", headers=owner)).json()
    assert (own["status"], own["rejection_reason"]) == ("REJECTED", "Foto borrosa")
    assert (await client.get(f"/products/{product.id}")).status_code == 404


async def test_trust_ends_where_the_operator_has_said_no(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, staff: Headers
) -> None:
    product = await build.product()
    path, owner = f"/products/{product.id}", await as_user(product.vendor.owner)
    await decide(client, staff, product.id, status="REJECTED", reason="Foto borrosa")
    for status in ("DRAFT", "PENDING"):
        answer = await client.patch(path, headers=owner, json={"status": status})
        assert answer.json()["status"] == status
    answer = await decide(client, staff, product.id, status="APPROVED")
    assert answer.json()["product"]["rejection_reason"] is None


async def test_a_trusted_vendor_hands_in_a_draft_and_sells(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user((await build.vendor()).owner)
    product = await offered(client, headers, status="DRAFT")
    answer = await client.patch(
        f"/products/{product['id']}", headers=headers, json={"status": "PENDING"}
    )
    assert answer.json()["status"] == "APPROVED"
    assert len(names(await client.get("/products"))) == 1


async def test_vendors_do_not_approve_their_own(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, database: Database
) -> None:
    product = await build.product(approved=False)
    owner = await as_user(product.vendor.owner)
    assert code(await decide(client, owner, product.id, status="APPROVED")) == (403, "FORBIDDEN")
    answer = await client.patch(
        f"/products/{product.id}", headers=owner, json={"status": "APPROVED"}
    )
    assert code(answer) == (409, "STATUS_CHANGE_NOT_ALLOWED")
    assert code(await decide(client, {}, product.id, status="APPROVED")) == (401, "UNAUTHORIZED")
    assert await status_of(database, product.id) == (Status.PENDING, False)


@pytest.mark.parametrize(("status", "wanted"), EVERY_MOVE)
async def test_staff_moves_along_its_table_only(
    build: Build, database: Database, status: Status, wanted: Status
) -> None:
    product = await build.product()
    await put_in(database, product, status)
    allowed = wanted is status or wanted in STAFF_MOVES[status]

    async def move() -> None:
        async with database.transaction() as tx:
            catalog = CatalogService(tx)
            held = await catalog.hold(str(product.id), Editor(product.vendor.owner.id, True))
            await catalog.decide(held, wanted, "porque sí")

    await expect(move, allowed)
    after = wanted if allowed else status
    assert await status_of(database, product.id) == (after, after is Status.APPROVED)


@pytest.mark.parametrize(("status", "wanted"), EVERY_MOVE)
async def test_vendors_move_along_their_table_only(
    build: Build, database: Database, status: Status, wanted: Status
) -> None:
    product = await build.product(vendor=await build.vendor(is_trusted=False))
    await put_in(database, product, status)
    allowed = wanted is status or wanted in VENDOR_MOVES[status]

    async def move() -> None:
        async with database.transaction() as tx:
            catalog = CatalogService(tx)
            editor = Editor(product.vendor.owner.id, is_staff=False)
            held = await catalog.hold(str(product.id), editor)
            await catalog.edit(held, editor, {"status": wanted}, levels=OpeningStockBook())

    await expect(move, allowed)
    after = wanted if allowed else status
    assert await status_of(database, product.id) == (after, after is Status.APPROVED)


async def expect(move: Callable[[], Awaitable[None]], allowed: bool) -> None:
    if allowed:
        await move()
        return
    with pytest.raises(StatusChangeNotAllowed):
        await move()


async def test_a_suspended_vendors_products_disappear_and_come_back(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    database: Database,
    run_jobs: Callable[[], Awaitable[int]],
) -> None:
    product, pending = await build.product(), None
    pending = await build.product(vendor=product.vendor, approved=False)
    other = await build.product()
    path = f"/products/{product.id}"
    assert len(names(await client.get("/products"))) == 2
    assert (await client.get(path)).status_code == 200
    async with database.transaction() as tx:
        await VendorService(tx).suspend(product.vendor.id, "papeles vencidos")
    await run_jobs()
    listed = (await client.get("/products")).json()["products"]
    assert [found["id"] for found in listed] == [str(other.id)]
    assert (await client.get(path)).status_code == 404
    # What is edited meanwhile stays hidden.
    owner = await as_user(product.vendor.owner)
    assert (await client.patch(path, headers=owner, json={"price": 1})).status_code == 200
    assert (await client.get(path)).status_code == 404
    async with database.transaction() as tx:
        await VendorService(tx).approve(product.vendor.id)
    await run_jobs()
    assert (await client.get(path)).json()["price"] == 1
    assert (await client.get(f"/products/{pending.id}")).status_code == 404


async def offers(tx: Tx, vendor: SellingVendor, _: UUID) -> None:
    fields: ProductFields = {"sku": "new", "name": "Nueva", "price_minor": 100}
    await CatalogService(tx).offer(vendor, fields, levels=OpeningStockBook())


async def imports(tx: Tx, vendor: SellingVendor, _: UUID) -> None:
    rows = [UpsertRow({"sku": "new", "name": "Nueva", "price_minor": 100})]
    await upsert_products(tx, vendor, rows, levels=OpeningStockBook())


async def shows(tx: Tx, vendor: SellingVendor, hidden: UUID) -> None:
    catalog, editor = CatalogService(tx), Editor(vendor.user_id, is_staff=False)
    product = await catalog.hold(str(hidden), editor)
    await catalog.edit(product, editor, {"is_visible": True}, levels=OpeningStockBook())


@pytest.mark.parametrize("publish", [offers, imports, shows])
async def test_what_is_put_on_sale_while_its_vendor_is_suspended_disappears_too(
    build: Build,
    database: Database,
    run_jobs: Callable[[], Awaitable[int]],
    publish: Callable[[Tx, SellingVendor, UUID], Awaitable[None]],
) -> None:
    product = await build.product()
    async with database.transaction() as tx:
        hidden = update(Product).values(is_visible=False, is_public=False)
        await tx.connection.execute(hidden)
        vendor = await VendorService(tx).get(product.vendor.id)
    is_written = asyncio.Event()

    async def put_on_sale() -> None:
        async with database.transaction() as tx:
            await publish(tx, vendor, product.id)
            is_written.set()
            await asyncio.sleep(0.3)

    async def suspend() -> None:
        await is_written.wait()
        async with database.transaction() as tx:
            await VendorService(tx).suspend(vendor.id, "estafa")
        await run_jobs()

    await asyncio.gather(put_on_sale(), suspend())

    async with database.read() as connection:
        shown = (await connection.execute(select(Product.is_public))).scalars().all()
    assert set(shown) == {False}


async def test_events_tell_what_the_public_gained_and_lost(
    build: Build, database: Database
) -> None:
    sent: list[Message] = []

    class Listening(dict[type[Message], tuple[str, ...]]):
        def __missing__(self, _: type[Message]) -> tuple[str, ...]:
            return ()

    class Heard(Outbox):
        def rows(self, message: Message, **_: object) -> list[dict[str, object]]:
            if isinstance(message, ProductPublished | ProductChanged | ProductArchived):
                sent.append(message)
            return []

    database.outbox = Heard(Listening())
    product = await build.product(approved=False)
    editor = Editor(product.vendor.owner.id, is_staff=True)
    stock = OpeningStockBook()
    for step in ("approve", "edit", "hide", "edit", "delete"):
        async with database.transaction() as tx:
            catalog = CatalogService(tx)
            held = await catalog.hold(str(product.id), editor)
            if step == "approve":
                await catalog.decide(held, Status.APPROVED)
            elif step == "edit":
                await catalog.edit(held, editor, {"price_minor": 1}, levels=stock)
            elif step == "hide":
                await catalog.edit(held, editor, {"is_visible": False}, levels=stock)
            else:
                await catalog.withdraw(held, editor)
    assert sent == [
        ProductPublished(product.id),
        ProductChanged(product.id),
        ProductArchived(product.id),
        ProductChanged(product.id),
        ProductArchived(product.id),
    ]


@pytest.mark.parametrize("body", [{}, {"status": "SOLD"}, {"status": "APPROVED", "why": "x"}])
async def test_a_decision_of_nonsense_is_refused(
    client: httpx2.AsyncClient,
    build: Build,
    staff: Headers,
    database: Database,
    body: dict[str, str],
) -> None:
    product = await build.product(approved=False)
    assert (await decide(client, staff, product.id, **body)).status_code == 422
    assert await status_of(database, product.id) == (Status.PENDING, False)
