"""Products given out in the form in which they are taken in, page by page in bounded memory."""

import asyncio
import csv
import importlib
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from mestore.bulk.service.cells import PRODUCT_COLUMNS, guarded, joined
from mestore.bulk.types import FileForm
from mestore.bulk.views.catalogue import main_location, products_after, variants_of
from mestore.kernel.db import Database
from mestore.kernel.money import to_number

_PAGE = 500
_PIECE = 1 << 18
_MEASURES = ("length", "width", "height")
# What XML cannot hold, written as workbooks do (ECMA-376, 22.9.2.19).
_NOT_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_AS_THEY_ARE = (
    "sku",
    "name",
    "description",
    "short_description",
    "tax_rate",
    "category",
    "brand",
    "tags",
    "dimensions",
    "status",
    "is_visible",
    "seo_title",
    "seo_description",
    "videos",
    "metadata",
    "track_inventory",
    "low_stock_threshold",
)

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which products of which vendor."""

    vendor_id: UUID
    status: str | None = None
    category: str | None = None


async def exported(database: Database, which: Selection, form: FileForm) -> AsyncIterator[bytes]:
    """Yield the products as a file of this form."""
    writers = {FileForm.CSV: _as_csv, FileForm.JSON: _as_json, FileForm.XLSX: _as_xlsx}
    async for piece in writers[form](database, which):
        yield piece


async def _pages(database: Database, which: Selection) -> AsyncIterator[list[Item]]:
    """Yield products with their variants, as the JSON form has them."""
    number = 0
    async with database.read() as connection:
        location = await main_location(connection, which.vendor_id)
    while True:
        async with database.read() as connection:
            rows = await products_after(
                connection,
                which.vendor_id,
                number,
                _PAGE,
                status=which.status,
                category=which.category,
            )
            ids = [row["id"] for row in rows]
            variants = await variants_of(connection, ids, location) if ids else []
        of: dict[UUID, list[Mapping[str, Any]]] = {}
        for variant in variants:
            of.setdefault(variant["product_id"], []).append(variant)
        if rows:
            yield [_item(row, of.get(row["id"], [])) for row in rows]
            number = rows[-1]["number"]
        if len(rows) < _PAGE:
            return


def _item(row: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> Item:
    item: Item = {name: row[name] for name in _AS_THEY_ARE}
    for name in ("price", "compare_at_price", "cost_price"):
        item[name] = _amount(row[f"{name}_minor"])
    grams = row["weight_grams"]
    item["weight"] = grams / 1000 if grams else grams
    item["images"] = [image["urls"]["original"] for image in row["images"] or ()]
    units = next((each["on_hand"] for each in variants if each["is_default"]), None)
    if units is not None:
        item["stock"] = units
    item["variants"] = [_variant(each) for each in variants if not each["is_default"]]
    return item


def _variant(row: Mapping[str, Any]) -> Item:
    names = ("sku", "title", "option1", "option2", "option3", "barcode", "inventory_policy")
    item: Item = {name: row[name] for name in names}
    return item | {"price": _amount(row["price_minor"]), "stock": row["on_hand"]}


def _amount(minor: int | None) -> int | float | None:
    return None if minor is None else to_number(minor)


async def _as_json(database: Database, which: Selection) -> AsyncIterator[bytes]:
    yield b'{"products":['
    is_first = True
    async for items in _pages(database, which):
        body = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
        yield (body if is_first else f",\n{body}").encode()
        is_first = False
    yield b"]}"


async def _as_csv(database: Database, which: Selection) -> AsyncIterator[bytes]:
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    yield b"\xef\xbb\xbf" + _lines([list(PRODUCT_COLUMNS)])
    async for items in _pages(database, which):
        yield _lines([[_word(cell) for cell in row] for item in items for row in _rows(item)])


async def _as_xlsx(database: Database, which: Selection) -> AsyncIterator[bytes]:
    # As in `reading`: only processes that write workbooks pay for it.
    openpyxl = await asyncio.to_thread(importlib.import_module, "openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("products")
    sheet.append(list(PRODUCT_COLUMNS))
    async for items in _pages(database, which):
        rows = [[_legal(cell) for cell in row] for item in items for row in _rows(item)]
        await asyncio.to_thread(_append, sheet, rows)
    with TemporaryDirectory(prefix="mestore-export-") as folder:
        path = Path(folder) / "products.xlsx"
        await asyncio.to_thread(book.save, path)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece


def _append(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:  # noqa: ANN401  a sheet being written
    for row in rows:
        sheet.append(row)


def _rows(item: Item) -> list[list[Any]]:
    """Return the rows of a table that hold a product: its own, and one a variant."""
    measures = item["dimensions"] or {}
    flat = item | {name: measures.get(name) for name in _MEASURES}
    rows = [flat, *({**each, "product_sku": item["sku"]} for each in item["variants"])]
    return [[_cell(name, row.get(name)) for name in PRODUCT_COLUMNS] for row in rows]


def _cell(name: str, value: Any) -> Any:  # noqa: ANN401  any JSON value of a field
    if name == "tags" and value is not None:
        return guarded(joined(value)) if value else ""
    if name in {"videos", "images"} and value is not None:
        return " ".join(value)
    if name == "metadata" and value is not None:
        return json.dumps(value, ensure_ascii=False) if value else ""
    return value if value is None or isinstance(value, int | float) else guarded(value)


def _word(cell: Any) -> str:  # noqa: ANN401  a cell
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _legal(cell: Any) -> Any:  # noqa: ANN401  a cell
    if not isinstance(cell, str):
        return cell
    return _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", cell)


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    written = StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
