"""Cells of tables: what a column holds, read into the values that the JSON API takes, and back."""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from mestore.bulk.types import Issue, JobKind
from mestore.kernel.problems import language

# What a spreadsheet would run as a formula or take for an error, and the mark itself.
_FORMULA_STARTS = ("=", "+", "-", "@", "#", "\t", "\r", "'")
_COMMA_DECIMAL = re.compile(r"[0-9]+,[0-9]{1,2}")
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0)?")
_YES = {"true", "1", "yes", "y", "si", "sí", "s", "x", "verdadero"}
_NO = {"false", "0", "no", "n", "falso"}

ALIASES = {"precio_venta": "price", "category_id": "category"}
# A column that an empty cell says nothing about: the field cannot be empty.
_KEPT = {
    "sku",
    "name",
    "tax_rate",
    "status",
    "is_visible",
    "track_inventory",
    "low_stock_threshold",
    "stock",
    "inventory_policy",
    "location",
    "product_sku",
    "quantity",
    "delta",
    "expected",
}


class BadCell(ValueError):
    """A cell that its column cannot hold; the words say why."""


def said(en: str, es: str) -> str:
    """Return the words in the language of who sent the file."""
    return es if language.get() == "es" else en


def _text(cell: str) -> str:
    return cell


def _number(cell: str) -> str:
    # Spreadsheets in Spanish write 45000,5; with three decimals it could as well be a thousand.
    return cell.replace(",", ".") if _COMMA_DECIMAL.fullmatch(cell) else cell


def _amount(cell: str) -> str:
    # 12.000 is twelve thousand to who writes it in Colombia, and twelve to a program.
    amount = _number(cell)
    if re.search("[0-9]", amount) and not _AMOUNT.fullmatch(amount):
        raise BadCell(
            said(
                "Write digits alone, with a point before centavos: 12000 or 12000.50.",
                "Escribe solo cifras, con punto antes de los centavos: 12000 o 12000.50.",
            )
        )
    return amount


def _measure(cell: str) -> int | float:
    try:
        value = Decimal(_number(cell))
    except ArithmeticError:
        raise BadCell(said("This is no number.", "Esto no es un número.")) from None
    if not value.is_finite() or len(cell) > 30:
        raise BadCell(said("This is no number.", "Esto no es un número."))
    return int(value) if value == value.to_integral_value() else float(value)


def _whole(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise BadCell(said("Write a whole number.", "Escribe un número entero."))
    return int(cell.removesuffix(".0"))


def _flag(cell: str) -> bool:
    word = cell.lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise BadCell(said("Write true or false.", "Escribe true o false."))


def _parts(cell: str) -> list[Any]:
    """Read `a|b`, or a JSON list where a part has a bar of its own in it."""
    if cell.startswith("["):
        found = _document(cell)
        if isinstance(found, list):
            return found
    return [part.strip() for part in cell.split("|") if part.strip()]


def _addresses(cell: str) -> list[str]:
    return cell.split()


def _document(cell: str) -> Any:  # noqa: ANN401  any JSON
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise BadCell(said("This is no JSON.", "Esto no es JSON.")) from None


_PRODUCT: Mapping[str, Callable[[str], Any]] = {
    "product_sku": _text,
    "sku": _text,
    "name": _text,
    "description": _text,
    "short_description": _text,
    "price": _amount,
    "compare_at_price": _amount,
    "cost_price": _amount,
    "tax_rate": _whole,
    "category": _text,
    "brand": _text,
    "tags": _parts,
    "weight": _number,
    "length": _measure,
    "width": _measure,
    "height": _measure,
    "status": _text,
    "is_visible": _flag,
    "seo_title": _text,
    "seo_description": _text,
    "videos": _addresses,
    "images": _addresses,
    "metadata": _document,
    "track_inventory": _flag,
    "low_stock_threshold": _whole,
    "stock": _whole,
    "title": _text,
    "option1": _text,
    "option2": _text,
    "option3": _text,
    "barcode": _text,
    "inventory_policy": _text,
}
_STOCK: Mapping[str, Callable[[str], Any]] = {
    "sku": _text,
    "location": _text,
    "quantity": _whole,
    "delta": _whole,
    "expected": _whole,
}
COLUMNS: Mapping[JobKind, Mapping[str, Callable[[str], Any]]] = {
    JobKind.PRODUCTS: _PRODUCT,
    JobKind.STOCK: _STOCK,
}
PRODUCT_COLUMNS = tuple(_PRODUCT)
_EMPTY: Mapping[str, Callable[[], Any]] = {
    "tags": list,
    "videos": list,
    "images": list,
    "metadata": dict,
}


def read_row(
    kind: JobKind, row: int, cells: Mapping[str, str]
) -> tuple[dict[str, Any], list[Issue]]:
    """Return the values of a row of a table by column, and what is wrong with its cells."""
    values: dict[str, Any] = {}
    issues = []
    for column, cell in cells.items():
        bare = cell.strip()
        if bare == "":
            if column not in _KEPT:
                values[column] = _EMPTY.get(column, lambda: None)()
            continue
        try:
            values[column] = COLUMNS[kind][column](bare.removeprefix("'"))
        except BadCell as error:
            issues.append(Issue(row, column, "BAD_CELL", str(error)))
    return values, issues


def guarded(cell: str | None) -> str:
    """Return a text as a table holds it: no spreadsheet runs it, and it reads back the same.

    Nothing is an empty cell; an empty text is a mark alone.
    """
    if cell is None:
        return ""
    return f"'{cell}" if cell == "" or cell.startswith(_FORMULA_STARTS) else cell


def joined(parts: list[str]) -> str:
    """Return a list as a cell holds it."""
    if any("|" in part or part.startswith("[") for part in parts):
        return json.dumps(parts, ensure_ascii=False)
    return "|".join(parts)
