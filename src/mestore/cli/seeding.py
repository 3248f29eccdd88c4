"""Sows the sample catalogue through the same services that the API uses."""

import asyncio
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from mestore.accounts.service.accounts import AccountService
from mestore.accounts.types import NewUser, UserType
from mestore.bootstrap import App
from mestore.catalog.models import Category
from mestore.catalog.ports import OpeningStock
from mestore.catalog.service.categories import CategoryService
from mestore.catalog.service.images import ImageService
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import (
    CategoryFields,
    Editor,
    NewImage,
    NewVariant,
    ProductFields,
    ProductStatus,
)
from mestore.cli.purchase import ADMIN, BUYER, PASSWORD
from mestore.cli.sample.catalog import SampleCategory, SampleProduct, SampleVendor, load_catalog
from mestore.cli.sample.images import SIZES, render_all
from mestore.kernel.db import Tx
from mestore.kernel.money import to_minor
from mestore.media.ports import BlobStore
from mestore.media.types import WEBP, file_of
from mestore.vendors.service import VendorService
from mestore.vendors.types import NewVendor, SellingVendor

_HERE = "127.0.0.1"


async def sow(app: App) -> bool:
    """Fill an empty database; False where there are categories already. All or nothing."""
    async with app.database.read() as connection:
        if (await connection.execute(select(Category.id).limit(1))).first():
            return False
    await _draw_all(app.blobs, load_catalog().products)
    password_hash = await app.passwords.hash(PASSWORD)
    async with app.database.transaction() as tx:
        await sow_rows(tx, app.opening_stock, password_hash)
    return True


async def sow_rows(tx: Tx, stock: OpeningStock, password_hash: str) -> None:
    """Write the sample catalogue and its people; the files of its pictures are drawn elsewhere."""
    sample = load_catalog()
    await _sow_people(tx, password_hash)
    for position, category in enumerate(sample.categories):
        await CategoryService(tx).add(_category(category, position))
    vendors = {
        vendor.key: await _sow_vendor(tx, vendor, password_hash) for vendor in sample.vendors
    }
    for product in sample.products:
        await _sow_product(tx, stock, vendors[product.vendor], product)


def _key(product: SampleProduct) -> str:
    return f"sample/{product.sku.lower()}"


async def _draw_all(blobs: BlobStore, products: tuple[SampleProduct, ...]) -> None:
    for product in products:
        drawn = await asyncio.to_thread(render_all, product.name, product.category)
        await asyncio.gather(
            *(blobs.put(file_of(_key(product), size), drawn[size], WEBP) for size in drawn)
        )


async def _sow_people(tx: Tx, password_hash: str) -> None:
    accounts = AccountService(tx)
    buyer = NewUser(BUYER, "Persona", "Ejemplo", UserType.BUYER, phone="+573001234567")
    admin = NewUser(ADMIN, "Administración", "Ejemplo", UserType.SUPERUSER)
    for person in (buyer, admin):
        await accounts.add_user(person, password_hash=password_hash, ip_address=_HERE)


def _category(category: SampleCategory, position: int) -> CategoryFields:
    return CategoryFields(
        name=category.name,
        slug=category.slug,
        parent=None,
        description=category.description,
        seo_title=category.seo_title,
        seo_description=category.seo_description,
        position=position,
    )


async def _sow_vendor(tx: Tx, vendor: SampleVendor, password_hash: str) -> SellingVendor:
    owner = NewUser(
        vendor.email, vendor.first_name, vendor.last_name, UserType.VENDOR, phone=vendor.phone
    )
    user = await AccountService(tx).add_user(owner, password_hash=password_hash, ip_address=_HERE)
    vendors = VendorService(tx)
    business = NewVendor(
        business_name=vendor.business_name,
        phone=vendor.phone,
        city=vendor.city,
        nit=vendor.nit,
        department=vendor.department,
        primary_category=vendor.primary_category,
        description=vendor.description,
    )
    vendor_id = await vendors.add(user.id, business)
    await vendors.approve(vendor_id)
    return await vendors.get(vendor_id)


async def _sow_product(
    tx: Tx, stock: OpeningStock, vendor: SellingVendor, product: SampleProduct
) -> UUID:
    catalog = CatalogService(tx)
    product_id = await catalog.offer(
        vendor,
        _fields(product),
        variants=_variants(product),
        stock=0 if product.variants else product.stock,
        levels=stock,
    )
    staff = Editor(vendor.user_id, is_staff=True)
    held = await catalog.hold(str(product_id), staff)
    await catalog.decide(held, ProductStatus.APPROVED)
    original = SIZES["original"]
    image = NewImage(_key(product), original, original, product.name)
    await ImageService(tx).attach_images(product_id, [image])
    if product.is_featured:
        held = await catalog.hold(str(product_id), staff)
        await catalog.edit(held, staff, {"is_featured": True}, levels=stock)
    return product_id


def _fields(product: SampleProduct) -> ProductFields:
    former = product.compare_at_price
    dimensions = product.dimensions
    return ProductFields(
        sku=product.sku,
        name=product.name,
        description=product.description,
        short_description=product.short_description,
        price_minor=to_minor(Decimal(product.price)),
        compare_at_price_minor=None if former is None else to_minor(Decimal(former)),
        tax_rate=product.tax_rate,
        category=product.category,
        brand=product.brand,
        tags=list(product.tags),
        weight_grams=round(product.weight * 1000),
        dimensions={
            "length": dimensions.length,
            "width": dimensions.width,
            "height": dimensions.height,
        },
        seo_title=product.seo_title,
        seo_description=product.seo_description,
    )


def _variants(product: SampleProduct) -> list[NewVariant]:
    return [
        NewVariant(
            sku=variant.sku,
            title=variant.title,
            option1=variant.option1,
            option2=variant.option2,
            price_minor=None if variant.price is None else to_minor(Decimal(variant.price)),
            stock=variant.stock,
        )
        for variant in product.variants
    ]
