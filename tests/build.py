"""Valid rows for tests: defaults that work, arguments only for what matters to the test."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from uuid import UUID

from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import insert, select, update

from mestore.accounts.models import User
from mestore.accounts.types import UserType
from mestore.carts.models import Cart, CartItem
from mestore.catalog.folding import search_text
from mestore.catalog.models import Category, Product, Variant
from mestore.catalog.types import ProductStatus
from mestore.inventory.models import StockLevel, StockLocation, StockMovement
from mestore.inventory.types import MovementKind
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx, inserted_id
from mestore.kernel.ids import uuid7
from mestore.kernel.money import to_minor
from mestore.vendors.models import Vendor
from mestore.vendors.types import VendorStatus

PASSWORD = "Sample-pass-1"
_numbers = count(1)


@cache
def hash_of(password: str) -> str:
    """Return the program's kind of hash of a password, made once because it is slow by design."""
    return Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(password)


def stamps() -> dict[str, datetime]:
    """Return the times of a row that was written now."""
    return dict.fromkeys(("created_at", "updated_at"), now())


@dataclass(frozen=True, slots=True)
class BuiltUser:
    """A user who can sign in with `password`."""

    id: UUID
    number: int
    email: str
    password: str
    user_type: UserType


@dataclass(frozen=True, slots=True)
class BuiltVendor:
    """A vendor, its owner, and the location of its stock."""

    id: UUID
    owner: BuiltUser
    business_name: str
    location_id: int


@dataclass(frozen=True, slots=True)
class BuiltCategory:
    """A category."""

    id: UUID
    number: int
    slug: str
    path: str


@dataclass(frozen=True, slots=True)
class BuiltProduct:
    """A product with its default variant, and the ids of any further variants."""

    id: UUID
    number: int
    sku: str
    slug: str
    price_minor: int
    vendor: BuiltVendor
    variant_id: UUID
    level_id: int
    variant_ids: tuple[UUID, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Build:
    """Writes rows straight into the tables and says what it wrote."""

    database: Database

    async def user(
        self,
        user_type: UserType = UserType.BUYER,
        *,
        email: str | None = None,
        password: str = PASSWORD,
        is_active: bool = True,
    ) -> BuiltUser:
        """Make a user."""
        serial = next(_numbers)
        user_id, address = uuid7(), email or f"user{serial}@example.com"
        async with self.database.transaction() as tx:
            values = {
                "id": user_id,
                "email": address,
                "password_hash": hash_of(password),
                "first_name": "Sample",
                "last_name": f"Person {serial}",
                "phone": "+573001234567",
                "user_type": user_type,
                "is_active": is_active,
                "email_verified": True,
                **dict.fromkeys(("phone_verified", "mfa_enabled", "marketing_consent"), False),
                "failed_logins": 0,
                **stamps(),
            }
            number = await inserted_id(tx.connection, insert(User), values)
        return BuiltUser(user_id, number, address, password, user_type)

    async def vendor(
        self, *, status: VendorStatus = VendorStatus.APPROVED, is_trusted: bool = True
    ) -> BuiltVendor:
        """Make a vendor with an owner and a stock location."""
        owner = await self.user(UserType.VENDOR)
        vendor_id, name = uuid7(), f"Sample shop {next(_numbers)}"
        async with self.database.transaction() as tx:
            values = {
                "id": vendor_id,
                "user_id": owner.id,
                "business_name": name,
                "phone": "+573001234567",
                "city": "Bogotá",
                "department": "Cundinamarca",
                "status": status,
                "is_trusted": is_trusted,
                **stamps(),
            }
            await tx.connection.execute(insert(Vendor), values)
            place = {"vendor_id": vendor_id, "name": "Principal", "created_at": now()}
            location = await inserted_id(tx.connection, insert(StockLocation), place)
        return BuiltVendor(vendor_id, owner, name, location)

    async def category(
        self, name: str = "Sample category", *, parent: BuiltCategory | None = None
    ) -> BuiltCategory:
        """Make a category, at the root or under `parent`."""
        category_id, slug = uuid7(), f"sample-category-{next(_numbers)}"
        async with self.database.transaction() as tx:
            values = {
                "id": category_id,
                "parent_id": parent.id if parent else None,
                "path": "",
                "name": name,
                "slug": slug,
                "position": 0,
                **stamps(),
            }
            number = await inserted_id(tx.connection, insert(Category), values)
            path = f"{parent.path if parent else '/'}{number}/"
            await tx.connection.execute(
                update(Category).where(Category.number == number).values(path=path)
            )
        return BuiltCategory(category_id, number, slug, path)

    async def product(
        self,
        *,
        stock: int = 10,
        price: str = "45000",
        tax_rate: int = 19,
        vendor: BuiltVendor | None = None,
        category: BuiltCategory | None = None,
        approved: bool = True,
        variants: int = 0,
        track_inventory: bool = True,
        name: str | None = None,
    ) -> BuiltProduct:
        """Make a product with `stock` units of its default variant and of each further variant."""
        vendor = vendor or await self.vendor()
        serial, product_id = next(_numbers), uuid7()
        sku, slug, price_minor = f"SKU-{serial}", f"sample-{serial}", to_minor(Decimal(price))
        name = name or f"Sample product {serial}"
        values = _PLAIN_PRODUCT | {
            "id": product_id,
            "vendor_id": vendor.id,
            "category_id": category.id if category else None,
            "sku": sku,
            "name": name,
            "search_text": search_text(name, None, ()),
            "slug": slug,
            "price_minor": price_minor,
            "tax_rate": tax_rate,
            "status": ProductStatus.APPROVED if approved else ProductStatus.PENDING,
            "is_public": approved,
            "track_inventory": track_inventory,
            **stamps(),
        }
        async with self.database.transaction() as tx:
            number = await inserted_id(tx.connection, insert(Product), values)
            made = [
                await self._variant(tx, product_id, vendor.location_id, sku, index, stock)
                for index in range(variants + 1)
            ]
        (variant_id, level_id), *others = made
        further = tuple(other for other, _ in others)
        facts = (product_id, number, sku, slug, price_minor, vendor, variant_id, level_id, further)
        return BuiltProduct(*facts)

    async def _variant(
        self, tx: Tx, product_id: UUID, location_id: int, sku: str, index: int, stock: int
    ) -> tuple[UUID, int]:
        variant_id, moment = uuid7(), now()
        values = {
            "id": variant_id,
            "product_id": product_id,
            "sku": f"{sku}-{index}" if index else sku,
            "title": f"Option {index}" if index else None,
            "option1": f"Option {index}" if index else None,
            "position": index,
            "is_default": index == 0,
            "created_at": moment,
        }
        await tx.connection.execute(insert(Variant), values)
        level = {
            "variant_id": variant_id,
            "product_id": product_id,
            "location_id": location_id,
            "on_hand": stock,
            "reserved": 0,
            "updated_at": moment,
        }
        level_id = await inserted_id(tx.connection, insert(StockLevel), level)
        if stock:
            movement = {
                "level_id": level_id,
                "kind": MovementKind.SET,
                "on_hand_change": stock,
                "reserved_change": 0,
                "reason": "first stock",
                "created_at": moment,
            }
            await tx.connection.execute(insert(StockMovement), movement)
        return variant_id, level_id

    async def cart(
        self,
        *products: BuiltProduct,
        quantity: int = 1,
        buyer: BuiltUser | None = None,
        session_id: str | None = None,
    ) -> UUID:
        """Make a cart of a buyer or a guest session with `quantity` of each product."""
        cart_id = uuid7()
        async with self.database.transaction() as tx:
            values = {
                "id": cart_id,
                "buyer_id": buyer.id if buyer else None,
                "session_id": None if buyer else session_id or f"guest-{next(_numbers):08}",
                "version": len(products),
                **stamps(),
                "expires_at": now() + timedelta(days=30),
            }
            await tx.connection.execute(insert(Cart), values)
            for product in products:
                line = {
                    "cart_id": cart_id,
                    "product_id": product.id,
                    "variant_id": product.variant_id,
                    "quantity": quantity,
                    "unit_price_minor": product.price_minor,
                    **stamps(),
                }
                await tx.connection.execute(insert(CartItem), line)
        return cart_id

    async def stock_of(self, variant_id: UUID) -> tuple[int, int]:
        """Return (on hand, reserved) of a variant, over all locations."""
        query = select(StockLevel.on_hand, StockLevel.reserved)
        async with self.database.read() as connection:
            rows = (
                await connection.execute(query.where(StockLevel.variant_id == variant_id))
            ).all()
        return sum(row.on_hand for row in rows), sum(row.reserved for row in rows)


_PLAIN_PRODUCT = {
    "description": "A product for tests.",
    "currency": "COP",
    "is_visible": True,
    "is_featured": False,
    "metadata": {},
    "low_stock_threshold": 5,
    "version": 1,
    **dict.fromkeys(("tags", "images", "videos"), []),
    **dict.fromkeys(("rating_sum", "rating_count"), 0),
}
