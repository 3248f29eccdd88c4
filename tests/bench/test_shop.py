"""The benchmark's shop agrees with itself, and the program sells from it."""

import asyncio

import pytest
from sqlalchemy import func, select

from bench import postgres
from bench.plan import SMALLEST_ID
from bench.run import fill
from bench.shop import Shop
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.operations.doctor import examine
from mestore.orders.models import Order


async def look(address: str) -> tuple[list[str], int, int]:
    """Return what the doctor finds, and how many products and orders there are."""
    database = Database(address)
    try:
        async with database.read() as connection:
            findings = await examine(connection)
            counts = [
                (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (Product, Order)
            ]
    finally:
        await database.close()
    return findings, counts[0], counts[1]


@pytest.mark.slow
def test_a_shop_agrees_with_itself() -> None:
    shop = Shop(products=60, orders=40)
    with postgres.server() as server, postgres.database(server) as url:
        asyncio.run(fill(url, shop))
        found = asyncio.run(look(url.render_as_string(hide_password=False)))
    assert found == ([], 60, 40)
    assert [offer.level_id for offer in shop.offers] == list(range(SMALLEST_ID, SMALLEST_ID + 60))
    assert len({offer.vendor_id for offer in shop.offers[:2]}) == 2
