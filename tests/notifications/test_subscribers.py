import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from mestore.inventory.events import LowStock
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.kernel.outbox import Job
from mestore.notifications.adapters.files import MailFiles
from mestore.notifications.models import Mail
from mestore.notifications.rendering import moment
from mestore.notifications.subscribers import on_low_stock, on_order_paid, on_order_placed
from mestore.notifications.types import MailKind
from mestore.orders.errors import OrderNotFound
from mestore.orders.events import OrderPaid, OrderPlaced
from mestore.orders.models import Order
from tests.build import Build
from tests.notifications.conftest import WorkerOf
from tests.notifications.orders import BUYER_EMAIL, Sale, pay_sale, place_sale


async def announce_placed(database: Database, order_id: int) -> None:
    async with database.transaction() as tx:
        await on_order_placed(tx, OrderPlaced(order_id))


async def announce_paid(database: Database, order_id: int) -> None:
    async with database.transaction() as tx:
        await on_order_paid(tx, OrderPaid(order_id))


async def mails(database: Database) -> dict[str, tuple[str, str, str]]:
    """Return (recipient, subject, text) of every mail, by its key."""
    query = select(Mail.dedupe_key, Mail.recipient, Mail.subject, Mail.text).order_by(Mail.id)
    async with database.read() as connection:
        rows = await connection.execute(query)
        return {key: (recipient, subject, text) for key, recipient, subject, text in rows}


async def sendings(database: Database) -> list[int]:
    """Return the ids of the mails that wait to be sent."""
    query = select(Job.payload).where(Job.handler == "notifications.send_mail").order_by(Job.id)
    async with database.read() as connection:
        return [payload["mail_id"] for payload in (await connection.execute(query)).scalars()]


def keys_of(sale: Sale, kind: MailKind) -> list[str]:
    """Return the keys of the three mails of a sale: the buyer's, then the vendors' by id."""
    vendors = sorted((sale.coffee_shop.id, sale.tea_shop.id))
    about = f"{kind}:{sale.order_id}"
    return [f"{about}:buyer", *(f"{about}:vendor:{vendor}" for vendor in vendors)]


async def test_a_placed_order_is_told_to_its_buyer_and_each_vendor(
    database: Database, build: Build
) -> None:
    sale = await place_sale(database, build)
    async with database.read() as connection:
        order = (await connection.execute(select(Order.order_number, Order.expires_at))).one()

    await announce_placed(database, sale.order_id)

    written = await mails(database)
    assert list(written) == keys_of(sale, MailKind.ORDER_PLACED)
    recipient, subject, text = written[f"order_placed:{sale.order_id}:buyer"]
    assert (recipient, subject) == (BUYER_EMAIL, f"Recibimos tu pedido {order.order_number}")
    assert text.startswith("¡Gracias, Sample!\n")
    assert f"Paga antes del {moment(order.expires_at)} para conservar tus productos.\n" in text
    assert "- Café de origen: 2 × $ 45.000 = $ 90.000\n" in text
    assert "- Té <script>: 3 × $ 12.000 = $ 36.000\n" in text
    assert ("Subtotal: $ 126.000\nIVA: $ 23.940\nEnvío: $ 15.000\nTotal: $ 164.940\n") in text
    assert len(await sendings(database)) == 3


async def test_two_vendors_read_only_of_their_own_lines(database: Database, build: Build) -> None:
    sale = await place_sale(database, build)
    await pay_sale(database, sale.order_id)
    await announce_placed(database, sale.order_id)
    await announce_paid(database, sale.order_id)

    written = await mails(database)
    for kind in (MailKind.ORDER_PLACED, MailKind.ORDER_PAID):
        recipient, _, coffee = written[f"{kind}:{sale.order_id}:vendor:{sale.coffee_shop.id}"]
        assert recipient == sale.coffee_shop.owner.email
        assert coffee.startswith(f"Hola, {sale.coffee_shop.business_name}:\n")
        assert "- Café de origen, SKU SKU-" in coffee
        assert "Subtotal: $ 90.000\nIVA: $ 17.100\nTotal de tu venta: $ 107.100\n" in coffee
        for of_others in ("Té", "36.000", "126.000", "164.940", "Envío:", BUYER_EMAIL):
            assert of_others not in coffee

        recipient, _, tea = written[f"{kind}:{sale.order_id}:vendor:{sale.tea_shop.id}"]
        assert recipient == sale.tea_shop.owner.email
        assert tea.startswith(f"Hola, {sale.tea_shop.business_name}:\n")
        assert "- Té <script>, SKU SKU-" in tea
        assert "Subtotal: $ 36.000\nIVA: $ 6.840\nTotal de tu venta: $ 42.840\n" in tea
        for of_others in ("Café", "90.000", "126.000", "164.940", "Envío:", BUYER_EMAIL):
            assert of_others not in tea


async def test_vendors_read_the_address_only_once_the_order_is_paid(
    database: Database, build: Build
) -> None:
    sale = await place_sale(database, build)
    await announce_placed(database, sale.order_id)
    await pay_sale(database, sale.order_id)
    await announce_paid(database, sale.order_id)

    written = await mails(database)
    placed_buyer, *placed = (written[key][2] for key in keys_of(sale, MailKind.ORDER_PLACED))
    paid = [written[key][2] for key in keys_of(sale, MailKind.ORDER_PAID)]
    address = "Ana Peña\nCalle 1 # 2-3, apto 401\nBogotá, Bogotá, D.C.\nTeléfono: +573001234567\n"
    assert address in placed_buyer
    assert all("Calle 1" not in text and "Ana" not in text for text in placed)
    assert all(address in text for text in paid)
    assert all("Notas del comprador: Dejar en portería\n" in text for text in paid[1:])


async def test_a_guest_is_called_as_the_parcel_is(database: Database, build: Build) -> None:
    sale = await place_sale(database, build, as_guest=True)

    await announce_placed(database, sale.order_id)

    recipient, _, text = (await mails(database))[f"order_placed:{sale.order_id}:buyer"]
    assert recipient == BUYER_EMAIL
    assert text.startswith("¡Gracias, Ana Peña!\n")


@pytest.mark.parametrize("announce", [announce_placed, announce_paid])
async def test_a_repeated_event_writes_and_sends_nothing_twice(
    database: Database, build: Build, announce: Callable[[Database, int], Awaitable[None]]
) -> None:
    sale = await place_sale(database, build)
    await announce(database, sale.order_id)
    first, first_sendings = await mails(database), await sendings(database)

    await announce(database, sale.order_id)

    assert await mails(database) == first
    assert await sendings(database) == first_sendings
    assert len(first) == len(first_sendings) == 3


async def test_an_event_delivered_twice_at_once_writes_nothing_twice(
    database: Database, build: Build
) -> None:
    sale = await place_sale(database, build)

    await asyncio.gather(*(announce_placed(database, sale.order_id) for _ in range(4)))

    assert list(await mails(database)) == keys_of(sale, MailKind.ORDER_PLACED)
    assert len(await sendings(database)) == 3


async def test_what_is_rolled_back_is_never_sent(database: Database, build: Build) -> None:
    sale = await place_sale(database, build)

    async def fail_after_writing() -> None:
        async with database.transaction() as tx:
            await on_order_placed(tx, OrderPlaced(sale.order_id))
            raise LookupError

    with pytest.raises(LookupError):
        await fail_after_writing()

    assert await mails(database) == {}
    assert await sendings(database) == []


async def test_an_unknown_order_is_no_mail(database: Database) -> None:
    with pytest.raises(OrderNotFound):
        await announce_placed(database, 1)

    assert await mails(database) == {}


async def test_each_folder_holds_exactly_the_mails_of_its_owner(
    database: Database, build: Build, worker_of: WorkerOf, mail_files: MailFiles
) -> None:
    worker = worker_of(mail_files)
    sale = await place_sale(database, build)
    await pay_sale(database, sale.order_id)
    while await worker.run_due():
        pass

    found = {
        folder.name: sorted(mail.name.partition("-")[2] for mail in folder.iterdir())
        for folder in mail_files.directory.iterdir()
    }
    both = ["order_paid.eml", "order_placed.eml"]
    vendors = (sale.coffee_shop.owner.email, sale.tea_shop.owner.email)
    assert found == dict.fromkeys((BUYER_EMAIL, *vendors), both)


async def test_a_vendor_is_told_once_a_day_that_little_is_left(
    database: Database, build: Build
) -> None:
    product = await build.product(name="Taza", stock=2)
    event = LowStock(product.id, product.variant_id, available=2, threshold=10)
    gone = LowStock(product.id, uuid7(), available=2, threshold=10)

    for told in (event, event, gone):
        async with database.transaction() as tx:
            await on_low_stock(tx, told)

    ((recipient, subject, text),) = (await mails(database)).values()
    assert recipient == product.vendor.owner.email
    assert subject == "Quedan pocas unidades de uno de tus productos"
    assert f"Taza, SKU {product.sku}: quedan 2 unidades disponibles." in text
    assert len(await sendings(database)) == 1
