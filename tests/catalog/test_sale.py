"""What is sold now: the catalogue's answer to carts and checkout."""

import pytest
from sqlalchemy import update

from mestore.catalog.models import Variant
from mestore.catalog.service.sale import SaleItems
from mestore.catalog.types import SaleItem
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.build import Build


async def test_the_default_variant_and_named_ones_are_found_with_their_prices(
    build: Build, database: Database
) -> None:
    category = await build.category()
    product = await build.product(
        price="100.50", variants=2, tax_rate=5, category=category, name="Camisa"
    )
    async with database.transaction() as tx:
        await tx.connection.execute(
            update(Variant).where(Variant.id == product.variant_ids[1]).values(price_minor=999)
        )
    keys = [
        (product.id, None),
        (product.id, product.variant_id),
        (product.id, product.variant_ids[0]),
        (product.id, product.variant_ids[1]),
    ]
    async with database.read() as connection:
        found = await SaleItems(connection).of(keys)
    default = SaleItem(
        variant_id=product.variant_id,
        product_id=product.id,
        vendor_id=product.vendor.id,
        category_id=category.id,
        product_name="Camisa",
        variant_title=None,
        sku=product.sku,
        price_minor=10050,
        tax_rate=5,
        track_inventory=True,
        is_on_sale=True,
        has_choice=True,
        image_url=None,
    )
    assert list(found) != []
    assert (found[keys[0]], found[keys[1]]) == (default, default)
    prices = [found[key].price_minor for key in keys]
    assert prices == [10050, 10050, 10050, 999]
    assert [found[key].variant_title for key in keys] == [None, None, "Option 1", "Option 2"]


async def test_what_does_not_exist_is_absent(build: Build, database: Database) -> None:
    product, other = await build.product(), await build.product(variants=1)
    keys = [
        (uuid7(), None),
        (product.id, uuid7()),
        # A variant of another product is no variant of this one.
        (product.id, other.variant_ids[0]),
        (product.id, other.variant_id),
    ]
    async with database.read() as connection:
        assert await SaleItems(connection).of(keys) == {}
        assert await SaleItems(connection).of([]) == {}


async def test_what_is_not_public_is_found_and_not_on_sale(
    build: Build, database: Database
) -> None:
    product = await build.product(approved=False)
    async with database.read() as connection:
        found = await SaleItems(connection).of([(product.id, None)])
    assert found[product.id, None].is_on_sale is False


@pytest.mark.parametrize("number", [1, 10, 50])
async def test_one_statement_finds_any_number(
    build: Build, database: Database, statements: list[str], number: int
) -> None:
    vendor = await build.vendor()
    products = [await build.product(vendor=vendor, variants=1) for _ in range(number)]
    keys = [(product.id, product.variant_ids[0]) for product in products]
    keys_of_default = [(product.id, None) for product in products]
    statements.clear()
    async with database.read() as connection:
        found = await SaleItems(connection).of([*keys, *keys_of_default])
    assert (len(found), len(statements)) == (2 * number, 1)
