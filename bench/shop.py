"""A shop of any size, written by COPY: the sample catalogue over and over, and a past of orders.

What is written agrees with itself as the doctor asks: levels have their opening movements, and the
orders of the past are ones that were never paid, with what they held released again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from bench.past import (
    FIRST_ITEM,
    FIRST_LEVEL,
    FIRST_ORDER,
    Buyer,
    Offer,
    PastOrder,
    Record,
    movement,
)
from bench.postgres import Connection
from mestore.catalog.folding import folded, search_text
from mestore.catalog.types import IMAGE_SIZES
from mestore.cli.sample.catalog import load_catalog
from mestore.inventory.types import MAIN_LOCATION
from mestore.kernel.clock import now
from mestore.kernel.ids import uuid7

ON_HAND = 1_000_000
SIGNED_IN = 256
PAST = timedelta(days=90)
CHUNK = 20_000
# Where the ids go on that the shop gives out itself.
_COUNTED = {
    ("categories", "number"): 0,
    ("products", "number"): 0,
    ("stock_locations", "id"): 0,
    ("stock_levels", "id"): FIRST_LEVEL,
    ("orders", "id"): FIRST_ORDER,
    ("order_items", "id"): FIRST_ITEM,
}
MEDIA_URL = "http://127.0.0.1:8000/media"


@dataclass(slots=True)
class Shop:
    """A shop of `products` products and `orders` orders of the past."""

    products: int
    orders: int
    moment: datetime = field(default_factory=now)
    buyers: list[Buyer] = field(default_factory=list)
    vendors: list[UUID] = field(default_factory=list)
    categories: dict[str, UUID] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)

    async def fill(self, connection: Connection) -> None:
        """Write the whole shop into an empty database."""
        await _copy(connection, "users", self._users())
        await _copy(connection, "sessions", self._sessions())
        await _copy(connection, "vendors", self._vendors())
        await _copy(connection, "stock_locations", self._locations())
        await _copy(connection, "categories", self._categories())
        for offers in _chunks(self._offers()):
            await self._fill_offers(connection, offers)
        for first in range(0, self.orders, CHUNK):
            await self._fill_orders(connection, range(first, min(first + CHUNK, self.orders)))
        for (table, key), first_id in _COUNTED.items():
            await connection.execute(_START_IDS.format(table=table, key=key), first_id)
        await connection.execute("ANALYZE")

    async def _fill_offers(self, connection: Connection, offers: Sequence[Offer]) -> None:
        start = len(self.offers)
        self.offers += offers
        numbered = list(enumerate(offers, start))
        await _copy(connection, "products", (self._product(*pair) for pair in numbered))
        await _copy(connection, "product_images", (self._image(offer) for offer in offers))
        await _copy(connection, "product_variants", (self._variant(offer) for offer in offers))
        await _copy(connection, "stock_levels", (self._level(*pair) for pair in numbered))
        await _copy(connection, "stock_movements", (self._opening(offer) for offer in offers))

    async def _fill_orders(self, connection: Connection, indexes: range) -> None:
        past = [self._past_order(index) for index in indexes]
        await _copy(connection, "orders", (order.row() for order in past))
        for table in ("order_items", "vendor_orders", "order_changes", "commissions"):
            await _copy(connection, table, (row for order in past for row in order.rows(table)))
        for table in ("stock_movements", "stock_reservations"):
            await _copy(connection, table, (row for order in past for row in order.rows(table)))

    def _past_order(self, index: int) -> PastOrder:
        at = self.moment - PAST * (1 - index / self.orders)
        buyer = self.buyers[index % len(self.buyers)]
        # A prime step goes over all products; neighbours are of different vendors.
        first = index * 7919 % self.products
        return PastOrder(
            index, at, buyer, (self.offers[first], self.offers[(first + 1) % self.products])
        )

    def _users(self) -> Iterator[Record]:
        self.buyers = [
            Buyer(uuid7(), f"buyer{index}@example.com", uuid7())
            for index in range(max(SIGNED_IN, self.orders // 20))
        ]
        self.vendors = [uuid7() for _ in range(max(10, self.products // 200))]
        people = [(buyer.id, buyer.email, "BUYER") for buyer in self.buyers]
        people += [
            (vendor, f"vendor{index}@example.com", "VENDOR")
            for index, vendor in enumerate(self.vendors)
        ]
        for user_id, email, user_type in people:
            yield {
                "id": user_id,
                "email": email,
                "password_hash": "nobody signs in with it",
                "first_name": "Persona",
                "last_name": "Ejemplo",
                "phone": "+573001234567",
                "user_type": user_type,
                "is_active": True,
                "email_verified": True,
                "phone_verified": False,
                "mfa_enabled": False,
                "marketing_consent": False,
                "failed_logins": 0,
                "created_at": self.moment - PAST,
                "updated_at": self.moment - PAST,
            }

    def _sessions(self) -> Iterator[Record]:
        for buyer in self.buyers[:SIGNED_IN]:
            yield {
                "id": buyer.session_id,
                "user_id": buyer.id,
                "ip_address": "127.0.0.1",
                "user_agent": "bench",
                "created_at": self.moment,
                "last_seen": self.moment,
                "expires_at": self.moment + timedelta(days=1),
            }

    def _vendors(self) -> Iterator[Record]:
        # A vendor has the id of its user: nothing here needs two.
        for index, vendor in enumerate(self.vendors):
            yield {
                "id": vendor,
                "user_id": vendor,
                "business_name": f"Comercio de ejemplo {index}",
                "phone": "+573001234567",
                "city": "Bogotá",
                "status": "APPROVED",
                "is_trusted": True,
                "created_at": self.moment - PAST,
                "updated_at": self.moment - PAST,
            }

    def _locations(self) -> Iterator[Record]:
        for index, vendor in enumerate(self.vendors, 1):
            yield {
                "id": index,
                "vendor_id": vendor,
                "name": MAIN_LOCATION,
                "created_at": self.moment - PAST,
            }

    def _categories(self) -> Iterator[Record]:
        for number, category in enumerate(load_catalog().categories, 1):
            self.categories[category.slug] = uuid7()
            yield {
                "number": number,
                "id": self.categories[category.slug],
                "path": f"/{number}/",
                "name": category.name,
                "slug": category.slug,
                "description": category.description,
                "position": number,
                "created_at": self.moment - PAST,
                "updated_at": self.moment - PAST,
            }

    def _offers(self) -> Iterator[Offer]:
        samples = load_catalog().products
        for index in range(self.products):
            sample = samples[index % len(samples)]
            yield Offer(
                product_id=uuid7(),
                variant_id=uuid7(),
                vendor_id=self.vendors[index % len(self.vendors)],
                level_id=FIRST_LEVEL + index,
                sample=sample,
                sku=f"{sample.sku}-{index}",
            )

    def _product(self, index: int, offer: Offer) -> Record:
        sample = offer.sample
        dimensions = msgspec.json.encode(sample.dimensions).decode()
        return {
            "number": index + 1,
            "id": offer.product_id,
            "vendor_id": offer.vendor_id,
            "category_id": self.categories[sample.category],
            "sku": offer.sku,
            "name": f"{sample.name} {index}",
            "slug": f"{sample.sku.lower()}-{index}",
            "description": sample.description,
            "short_description": sample.short_description,
            "price_minor": offer.price_minor,
            "compare_at_price_minor": sample.compare_at_price and sample.compare_at_price * 100,
            "currency": "COP",
            "tax_rate": sample.tax_rate,
            "brand": sample.brand,
            "brand_key": folded(sample.brand),
            "search_text": search_text(f"{sample.name} {index}", sample.brand, sample.tags),
            "tags": msgspec.json.encode(sample.tags).decode(),
            "weight_grams": round(sample.weight * 1000),
            "dimensions": dimensions,
            "status": "APPROVED",
            "is_visible": True,
            "is_featured": sample.is_featured,
            "is_public": True,
            "seo_title": sample.seo_title,
            "seo_description": sample.seo_description,
            "images": msgspec.json.encode([_shown(offer)]).decode(),
            "videos": "[]",
            "metadata": "{}",
            "track_inventory": True,
            "low_stock_threshold": 5,
            "rating_sum": 0,
            "rating_count": 0,
            "rating_score": 0,
            "version": 1,
            "created_at": self.moment - PAST,
            "updated_at": self.moment - PAST,
        }

    def _image(self, offer: Offer) -> Record:
        return {
            "id": offer.variant_id,
            "product_id": offer.product_id,
            "key": f"sample/{offer.sample.sku.lower()}",
            "alt": offer.sample.name,
            "position": 0,
            "width": 800,
            "height": 800,
            "created_at": self.moment - PAST,
        }

    def _variant(self, offer: Offer) -> Record:
        return {
            "id": offer.variant_id,
            "product_id": offer.product_id,
            "sku": offer.sku,
            "position": 0,
            "is_default": True,
            "created_at": self.moment - PAST,
        }

    def _level(self, index: int, offer: Offer) -> Record:
        return {
            "id": offer.level_id,
            "variant_id": offer.variant_id,
            "product_id": offer.product_id,
            "location_id": index % len(self.vendors) + 1,
            "on_hand": ON_HAND,
            "reserved": 0,
            "updated_at": self.moment - PAST,
        }

    def _opening(self, offer: Offer) -> Record:
        return movement(offer, "SET", (ON_HAND, 0), "first stock", None, self.moment - PAST)


_START_IDS = (
    "SELECT setval(pg_get_serial_sequence('{table}', '{key}'), "
    "greatest($1, (SELECT coalesce(max({key}), 0) FROM {table})) + 1)"
)


def _shown(offer: Offer) -> dict[str, Any]:
    place = f"{MEDIA_URL}/sample/{offer.sample.sku.lower()}"
    return {
        "id": str(offer.variant_id),
        "alt": offer.sample.name,
        "position": 0,
        "width": 800,
        "height": 800,
        "urls": {size: f"{place}/{size}.webp" for size in IMAGE_SIZES},
    }


def _chunks(offers: Iterator[Offer]) -> Iterator[list[Offer]]:
    while chunk := list(islice(offers, CHUNK)):
        yield chunk


async def _copy(connection: Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = list(rows)
    if rows:
        records = [tuple(row.values()) for row in rows]
        await connection.copy_records_to_table(table, records=records, columns=list(rows[0]))
