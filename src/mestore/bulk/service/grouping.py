"""Rows joined to products: the rows of variants follow the row of their product."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mestore.bulk.service.cells import ALIASES, PRODUCT_COLUMNS, said
from mestore.bulk.types import FileForm, Issue, JobKind, Record

_OF_VARIANT = ("title", "option1", "option2", "option3", "barcode", "inventory_policy")
_VARIANT_ALONE = ("title", "option1", "option2", "option3", "price", "barcode")
_SHARED = ("sku", "product_sku", "price", "stock")
_MEASURES = ("length", "width", "height")
_JSON_FIELDS = {
    *PRODUCT_COLUMNS,
    *ALIASES,
    "variants",
    "dimensions",
} - {*_MEASURES, *_OF_VARIANT, "product_sku"}


def records_of(rows: Iterator[Record], form: FileForm, kind: JobKind) -> Iterator[Record]:
    """Yield what is written as one: a product with its variants, or a level."""
    if kind is JobKind.STOCK:
        return rows
    return map(_of_object, rows) if form is FileForm.JSON else _products(rows)


def _of_object(record: Record) -> Record:
    unknown = sorted(set(record.values) - _JSON_FIELDS)
    if not unknown:
        return record
    issue = Issue(
        record.row,
        unknown[0][:100],
        "UNKNOWN_FIELD",
        said("There is no such field.", "No existe ese campo."),
    )
    return replace(record, issues=(issue,))


def _products(rows: Iterator[Record]) -> Iterator[Record]:
    product: Record | None = None
    for row in rows:
        of = row.values.get("product_sku")
        if of is None or of == row.values.get("sku"):
            if product is not None:
                yield product
            product = _opened(row)
        elif product is None or product.values.get("sku") != of:
            yield replace(row, issues=(*row.issues, _orphan(row.row)))
        else:
            product = _with_variant(product, row)
    if product is not None:
        yield product


def _opened(row: Record) -> Record:
    values = {name: value for name, value in row.values.items() if name != "product_sku"}
    if values.get("price", "") is None:
        del values["price"]
    issues = list(row.issues)
    for name in _OF_VARIANT:
        if values.pop(name, None) is not None:
            words = said("Only rows of variants have this.", "Esto es solo de variantes.")
            issues.append(Issue(row.row, name, "ONLY_VARIANTS", words))
    given = [values.pop(name) for name in _MEASURES if name in values]
    if len(given) == len(_MEASURES):
        is_empty = all(value is None for value in given)
        values["dimensions"] = None if is_empty else dict(zip(_MEASURES, given, strict=True))
    elif given:
        words = said("length, width and height go together.", "length, width y height van juntos.")
        issues.append(Issue(row.row, "length", "COLUMN_MISSING", words))
    return Record(row.row, values, row.row, tuple(issues), row.letters)


def _with_variant(product: Record, row: Record) -> Record:
    values: dict[str, Any] = {
        name: value
        for name, value in row.values.items()
        if name in (*_OF_VARIANT, *_SHARED) and name != "product_sku"
    }
    issues = [*product.issues, *row.issues]
    for name, value in row.values.items():
        if name not in values and name != "product_sku" and value not in (None, [], {}):
            words = said("This stands in the product's row.", "Esto va en la fila del producto.")
            issues.append(Issue(row.row, name, "ONLY_PRODUCTS", words))
    has_issue = any(issue.row == row.row for issue in issues)
    missing = [name for name in _VARIANT_ALONE if name not in values]
    if missing and not has_issue:
        words = said(
            f"Rows of variants need the columns {', '.join(missing)}.",
            f"Las filas de variantes necesitan las columnas {', '.join(missing)}.",
        )
        hint = said(
            "A variant is written whole: without them they would be emptied.",
            "Una variante se escribe completa: sin ellas quedarían vacías.",
        )
        issues.append(Issue(row.row, missing[0], "COLUMN_MISSING", words, hint))
    variants = [*product.values.get("variants", ()), {**values, "row": row.row}]
    values = {**product.values, "variants": variants}
    letters = product.letters + row.letters
    return Record(product.row, values, row.row, tuple(issues), letters)


def _orphan(row: int) -> Issue:
    return Issue(
        row,
        "product_sku",
        "PRODUCT_MISSING",
        said(
            "The row of its product is not right above.",
            "La fila de su producto no está justo arriba.",
        ),
        said("Put variants under their product.", "Pon las variantes debajo de su producto."),
    )
