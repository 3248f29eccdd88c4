"""Where tests have vendors earn something, through the same services as the API."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from mestore.commissions.models import Commission
from mestore.commissions.types import CommissionStatus
from mestore.earnings.jobs import ReleaseEarnings, release_earnings
from mestore.earnings.models import Release
from mestore.earnings.service import EarningsService
from mestore.earnings.service.terms import set_terms
from mestore.earnings.types import Purpose, Released, Terms
from mestore.earnings.views.balance import balance_of
from mestore.kernel.db import Database
from mestore.orders.types import PlacedOrder
from tests.build import BuiltProduct, BuiltVendor
from tests.checkout.till import Till, Wanted

LONG = timedelta(days=21)
"""Longer than any right of withdrawal with the days after it."""


async def sold(till: Till, *wanted: Wanted, delivered: bool = True) -> PlacedOrder:
    """Sell something, pay it, and by default deliver it."""
    order = await till.place(*wanted)
    await till.settle_approved(order)
    if delivered:
        await till.deliver(order)
    return order


async def product_of(till: Till, vendor: BuiltVendor, price: str = "100000") -> BuiltProduct:
    """Return a product of a vendor."""
    return await till.build.product(vendor=vendor, price=price, tax_rate=19, stock=99)


async def run(database: Database) -> None:
    """Run the job once."""
    await release_earnings(ReleaseEarnings(), database=database)


async def release(
    database: Database, order_id: int, vendor_id: UUID, *, is_early: bool = False
) -> Released:
    """Release one part."""
    async with database.transaction() as tx:
        return await EarningsService(tx).release(order_id, vendor_id, is_early=is_early)


async def terms(database: Database, vendor_id: UUID, percent: int, days: int) -> None:
    """Keep so much back from a vendor."""
    async with database.transaction() as tx:
        await set_terms(tx, vendor_id, Terms(percent * 100, days), "because of its risk")


async def has(database: Database, vendor_id: UUID) -> dict[Purpose, int]:
    """Return what a vendor has, without the accounts that are level."""
    async with database.read() as connection:
        balance = await balance_of(connection, vendor_id)
    return {purpose: minor for purpose, minor in balance.by_purpose.items() if minor}


async def rows(database: Database) -> list[Release]:
    """Return all planned releases."""
    async with database.read() as connection:
        found = await connection.execute(select(Release.__table__).order_by(Release.id))
        return [Release(**row._mapping) for row in found]


async def statuses(database: Database, order_id: int) -> list[CommissionStatus]:
    """Return how the commissions of an order stand."""
    query = select(Commission.status).where(Commission.order_id == order_id)
    async with database.read() as connection:
        return list((await connection.execute(query.order_by(Commission.id))).scalars())
