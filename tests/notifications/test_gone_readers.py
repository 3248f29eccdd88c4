"""Who was erased is written to no more, and keeps nobody else from their mails."""

from datetime import timedelta

from sqlalchemy import select

from mestore.accounts.events import PasswordChanged
from mestore.accounts.service.erasure import erase_user
from mestore.accounts.service.users import UserService
from mestore.accounts.types import Caller, Device, UserType
from mestore.inventory.events import LowStock
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.notifications.models import Mail
from mestore.notifications.subscribers import (
    on_bank_account_changed,
    on_low_stock,
    on_order_paid,
    on_order_placed,
    on_order_refunded,
    on_password_changed,
    on_review_opened,
)
from mestore.orders.events import OrderPaid, OrderPlaced
from mestore.orders.service import OrderService
from mestore.payments.events import ReviewOpened
from mestore.payouts.events import BankAccountChanged
from mestore.refunds.events import OrderRefunded
from tests.build import Build, BuiltUser
from tests.conftest import MovedClock
from tests.notifications.orders import BUYER_EMAIL, place_sale

DEVICE = Device("127.0.0.1", "tests")


async def recipients(database: Database) -> set[str]:
    async with database.read() as connection:
        return set((await connection.execute(select(Mail.recipient))).scalars())


async def staff_caller(build: Build) -> Caller:
    staff = await build.user(UserType.SUPERUSER)
    return Caller(staff.id, staff.user_type, staff.email, uuid7(), mfa_enabled=True)


async def erase(database: Database, build: Build, user: BuiltUser) -> None:
    caller = await staff_caller(build)
    async with database.transaction() as tx:
        await erase_user(tx, caller, user.id, DEVICE)


async def test_an_erased_buyer_is_told_nothing_of_an_order(
    database: Database, build: Build
) -> None:
    sale = await place_sale(database, build)
    assert sale.buyer is not None
    await erase(database, build, sale.buyer)

    async with database.transaction() as tx:
        await on_order_placed(tx, OrderPlaced(sale.order_id))
        await on_order_paid(tx, OrderPaid(sale.order_id))
        await on_order_refunded(tx, OrderRefunded(1, sale.order_id, 5_000, is_whole=False))
        await on_review_opened(tx, ReviewOpened(1, sale.order_id))

    assert await recipients(database) == {
        sale.coffee_shop.owner.email,
        sale.tea_shop.owner.email,
    }


async def test_a_suspended_buyer_is_told_of_their_money(database: Database, build: Build) -> None:
    sale = await place_sale(database, build)
    assert sale.buyer is not None
    caller = await staff_caller(build)
    async with database.transaction() as tx:
        await UserService(tx, caller, DEVICE).suspend(sale.buyer.id, "asked for by the bank")

    async with database.transaction() as tx:
        await on_order_refunded(tx, OrderRefunded(1, sale.order_id, 5_000, is_whole=False))

    assert await recipients(database) == {BUYER_EMAIL}


async def test_an_erased_vendor_is_told_nothing_and_others_are(
    database: Database, build: Build, clock: MovedClock
) -> None:
    sale = await place_sale(database, build)
    # Nobody is erased who has orders to send; what was published before may still be told.
    clock.advance(timedelta(hours=1))
    async with database.transaction() as tx:
        assert await OrderService(tx).expire(sale.order_id)
    await erase(database, build, sale.tea_shop.owner)

    async with database.transaction() as tx:
        await on_order_placed(tx, OrderPlaced(sale.order_id))

    assert await recipients(database) == {BUYER_EMAIL, sale.coffee_shop.owner.email}


async def test_nobody_is_told_of_a_shop_or_an_account_that_was_left(
    database: Database, build: Build
) -> None:
    product = await build.product(stock=2)
    vendor, moment = product.vendor, now()
    await erase(database, build, vendor.owner)

    async with database.transaction() as tx:
        await on_low_stock(tx, LowStock(product.id, product.variant_id, 2, 10))
        await on_bank_account_changed(tx, BankAccountChanged(vendor.id, "1234", moment, moment))
        await on_password_changed(tx, PasswordChanged(vendor.owner.id, moment))

    assert await recipients(database) == set()
