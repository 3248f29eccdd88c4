"""The limit: a bare ASGI program that does the same work with nothing in between.

No framework, no SQL layer, no checks: asyncpg's pool with its kept prepared statements, msgspec
Structs, the very statements that the program sends; BENCH_PLANS names the file with their plans.
Its answers are compared with the program's before anything is measured.
"""

import base64
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from bench.plan import Plans
from bench.postgres import pool
from bench.repeat import Repeater

CONNECTIONS = 10
"""As many as each of the program's own pools has."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Category(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    slug: str


class Vendor(msgspec.Struct, frozen=True):
    id: UUID
    business_name: str


class Rating(msgspec.Struct, frozen=True):
    average: float
    count: int


class Product(msgspec.Struct, frozen=True):
    id: UUID
    number: int
    sku: str
    name: str
    slug: str
    description: str | None
    short_description: str | None
    price: float
    compare_at_price: float | None
    currency: str
    tax_rate: int
    category: Category | None
    brand: str | None
    tags: msgspec.Raw
    weight: float | None
    dimensions: msgspec.Raw | None
    status: str
    is_visible: bool
    is_featured: bool
    seo_title: str | None
    seo_description: str | None
    images: msgspec.Raw
    videos: msgspec.Raw
    track_inventory: bool
    stock: int
    in_stock: bool
    is_backorder: bool
    low_stock_threshold: int
    rating: Rating
    vendor: Vendor
    metadata: msgspec.Raw
    created_at: datetime
    updated_at: datetime


class Pagination(msgspec.Struct, frozen=True):
    page: int
    per_page: int
    total: int
    pages: int
    next: str | None
    previous: str | None


class Page(msgspec.Struct, frozen=True):
    products: list[Product]
    pagination: Pagination


def product_of(row: Sequence[Any]) -> Product:
    """Return a row of the program's own columns as a product."""
    raw = msgspec.Raw
    values = (
        *row[:7],
        row[7] / 100,
        row[8] and row[8] / 100,
        row[9],
        row[10],
        row[11] and Category(row[11], row[12], row[13]),
        row[14],
        raw(row[15]),
        row[16] and row[16] / 1000,
        row[17] and raw(row[17]),
        *row[18:23],
        raw(row[23]),
        raw(row[24]),
        row[25],
        row[26],
        row[26] > 0 or not row[25] or row[35] > 0,
        row[26] <= 0 < row[35],
        row[27],
        Rating(row[28] / 100, row[29]),
        Vendor(row[30], row[31]),
        raw(row[32]),
        row[33],
        row[34],
    )
    return Product(*values)


class Claims(msgspec.Struct, frozen=True):
    sid: UUID


class Line(msgspec.Struct, frozen=True):
    product_id: UUID


class Basket(msgspec.Struct, frozen=True):
    items: list[Line]


_CLAIMS, _BASKET = msgspec.json.Decoder(Claims), msgspec.json.Decoder(Basket)


def _given(token: bytes, body: bytes) -> dict[str, UUID]:
    claims = token.split(b".")[1]
    sid = _CLAIMS.decode(base64.urlsafe_b64decode(claims + b"=" * (-len(claims) % 4))).sid
    first, second = _BASKET.decode(body).items
    return {"session": sid, "product_0": first.product_id, "product_1": second.product_id}


class Limit:
    """The ASGI program."""

    pool: Any

    def __init__(self) -> None:
        path, self.address = os.environ["BENCH_PLANS"], os.environ["BENCH_DATABASE"]
        self.plans = msgspec.json.decode(Path(path).read_bytes(), type=Plans)
        self.products = Repeater(self.plans.products)
        self.product = Repeater(self.plans.product)
        self.order = Repeater(self.plans.order)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path: str = scope["path"]
        status = 200
        if path == "/health":
            body = b"{}"
        elif scope["method"] == "POST":
            status, body = 201, await self._place(scope, receive)
        elif path == "/api/v1/products":
            body = await self._page()
        else:
            body = await self._product(UUID(path.rpartition("/")[2]))
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.pool = await pool(self.address, CONNECTIONS)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _page(self) -> bytes:
        async with self.pool.acquire() as connection:
            rows = await self.products.read(connection, {})
        shown = [product_of(row) for row in rows[:20]]
        last = shown[-1].number
        cursor = msgspec.json.encode(["-created_at", True, 2, last, last])
        following = base64.urlsafe_b64encode(cursor).decode().rstrip("=")
        total = self.plans.total
        pagination = Pagination(1, 20, total, -(-total // 20), following, None)
        return msgspec.json.encode(Page(shown, pagination))

    async def _product(self, product_id: UUID) -> bytes:
        async with self.pool.acquire() as connection:
            (row,) = await self.product.read(connection, {"product": product_id})
        return msgspec.json.encode(product_of(row))

    async def _place(self, scope: Scope, receive: Receive) -> bytes:
        body = (await receive())["body"]
        token = next(value for name, value in scope["headers"] if name == b"authorization")
        # What fails half-way is rolled back where the pool takes its connection back.
        async with self.pool.acquire() as connection:
            results = await self.order.write(connection, _given(token, body))
        return msgspec.json.encode(self.plans.placed | results)


app = Limit()
