"""Rows judged one by one, by the same schemas as the endpoints of single products."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from mestore.bulk.service.cells import ALIASES, said
from mestore.bulk.service.reading import named
from mestore.bulk.service.rows import KnownProductRow, NewProductRow, StockRow, VariantRow
from mestore.bulk.service.workshop import Planned, PlannedLevel
from mestore.bulk.types import MOST_ROWS, ImportMode, Issue, Record, storable
from mestore.catalog.types import UpsertRow
from mestore.kernel.errors import Refusal
from mestore.kernel.problems import issue_words, language

_LONGEST_SKU = 100


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a chunk of products is judged against.

    `known` are the vendor's products by SKU with where their pictures lie, `archive` the names in
    the ZIP of pictures, each with what its content is known by.
    """

    mode: ImportMode
    known: Mapping[str, tuple[UUID, frozenset[str]]]
    categories: Collection[str]
    archive: Mapping[str, str]


@dataclass(slots=True)
class Judged:
    """What may be written, and what is wrong with the rest."""

    products: list[Planned] = field(default_factory=list)
    levels: list[PlannedLevel] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def sku_of(record: Record) -> str | None:
    """Return the SKU of a record as the schemas will read it; None where there is none."""
    sku = record.values.get("sku")
    if not isinstance(sku, str) or len(sku) > _LONGEST_SKU or storable(sku) != sku:
        return None
    return sku.strip() or None


def category_of(record: Record) -> str | None:
    """Return the category that a record names; None where there is none that could be one."""
    key = record.values.get("category", record.values.get("category_id"))
    is_key = isinstance(key, str) and 0 < len(key) <= 200 and key.isascii()
    return key.strip() if isinstance(key, str) and is_key and "\0" not in key else None


def judge_products(records: Sequence[Record], around: Surroundings) -> Judged:
    """Judge a chunk of products."""
    judged = Judged()
    for record in records:
        if record.issues:
            judged.issues += record.issues
            continue
        sku = sku_of(record)
        is_new = sku not in around.known
        if issue := _of_mode(record, is_new, around.mode):
            judged.issues.append(issue)
            continue
        try:
            planned = _planned(record, is_new)
        except ValidationError as error:
            judged.issues += _issues(record, error)
            continue
        own = frozenset[str]() if is_new else around.known[planned.sku][1]
        if found := _doubts(record, planned, around, own):
            judged.issues += found
            continue
        judged.products.append(replace(planned, images=_marked(planned, around, own)))
    return judged


def judge_levels(
    records: Sequence[Record], variants: Mapping[str, Sequence[UUID]], mode: ImportMode
) -> Judged:
    """Judge a chunk of stock; `variants` are the vendor's by SKU."""
    judged = Judged()
    for record in records:
        if record.issues:
            judged.issues += record.issues
            continue
        try:
            row = StockRow.model_validate(dict(record.values))
        except ValidationError as error:
            judged.issues += _issues(record, error)
            continue
        found = variants.get(row.sku, ())
        if len(found) != 1:
            judged.issues.append(_no_one(record, len(found)))
            continue
        judged.levels.append(
            PlannedLevel(
                record.row,
                record.last,
                found[0],
                row.location,
                row.quantity,
                row.delta,
                row.expected,
            )
        )
    return judged


def _marked(
    planned: Planned, around: Surroundings, own: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return the pictures that the product does not have, each with what it is known by."""
    return tuple(
        (source, f"{source} {around.archive.get(source, '')}")
        for source, _ in dict.fromkeys(planned.images)
        if source not in own
    )


def refused(row: int, refusal: Refusal) -> Issue:
    """Return a refusal of the catalogue or of the stock as a line of a report."""
    return Issue(row, "", refusal.code, refusal.text(language.get()))


def _planned(record: Record, is_new: bool) -> Planned:
    kind: type[NewProductRow] | type[KnownProductRow] = NewProductRow if is_new else KnownProductRow
    values = {ALIASES.get(name, name): value for name, value in record.values.items()}
    body = kind.model_validate(values)
    fields = body.fields(only_sent=not is_new)
    # What `fields` does not know of.
    fields.pop("images", None)  # type: ignore[typeddict-item]
    variants: list[VariantRow] = body.variants
    return Planned(
        record.row,
        record.last,
        is_new,
        UpsertRow(
            fields,
            tuple(each.to_variant() for each in variants),
            body.stock,
            {each.sku: each.stock for each in variants if each.stock is not None},
        ),
        tuple((source, source) for source in map(_source, body.images)),
    )


def _source(image: str) -> str:
    return image if _is_address(image) else named(image)


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _of_mode(record: Record, is_new: bool, mode: ImportMode) -> Issue | None:
    if mode is ImportMode.CREATE and not is_new:
        words = said("You have a product of this SKU.", "Ya tienes un producto con este SKU.")
        hint = said("Use mode=upsert to change it.", "Usa mode=upsert para cambiarlo.")
        return Issue(record.row, "sku", "SKU_TAKEN", words, hint)
    if mode is ImportMode.UPDATE and is_new and sku_of(record) is not None:
        words = said("You have no product of this SKU.", "No tienes un producto con este SKU.")
        hint = said("Use mode=upsert to add it.", "Usa mode=upsert para agregarlo.")
        return Issue(record.row, "sku", "PRODUCT_NOT_FOUND", words, hint)
    return None


def _doubts(
    record: Record, planned: Planned, around: Surroundings, own: Collection[str]
) -> list[Issue]:
    """Return what a schema alone cannot know."""
    found = []
    fields, row = planned.upsert.fields, record.row
    category = fields.get("category")
    if category is not None and category not in around.categories:
        words = said("There is no such category.", "No existe esa categoría.")
        hint = said("Write an id or slug of GET /categories.", "Usa un id o slug de /categories.")
        found.append(Issue(row, "category", "UNKNOWN_CATEGORY", words, hint))
    before, price = fields.get("compare_at_price_minor"), fields.get("price_minor")
    if before is not None and price is not None and before <= price:
        words = said("It must be above price.", "Debe superar price.")
        found.append(Issue(row, "compare_at_price", "COMPARE_AT_PRICE_TOO_LOW", words))
    skus = [planned.sku, *(each.sku for each in planned.upsert.variants)]
    if len(set(skus)) < len(skus):
        words = said("Its variants share a SKU.", "Sus variantes comparten un SKU.")
        found.append(Issue(row, "sku", "SKU_TWICE", words))
    choices = [each.choice for each in planned.upsert.variants if each.choice is not None]
    if len(set(choices)) < len(choices):
        words = said("Its variants share their options.", "Sus variantes comparten opciones.")
        found.append(Issue(row, "option1", "OPTIONS_TAKEN", words))
    for source, _ in planned.images:
        if not _is_address(source) and source not in own and source not in around.archive:
            words = said(
                f"'{source[:80]}' is no address and not in the ZIP.",
                f"'{source[:80]}' no es una dirección ni está en el ZIP.",
            )
            found.append(Issue(row, "images", "PICTURE_MISSING", words))
    return found


def _no_one(record: Record, count: int) -> Issue:
    if count == 0:
        words = said("You have nothing of this SKU.", "No tienes nada con este SKU.")
        return Issue(record.row, "sku", "VARIANT_NOT_FOUND", words)
    words = said("Several products have this SKU.", "Varios productos tienen este SKU.")
    hint = said("Set it at /products/{id}/inventory.", "Fíjalo en /products/{id}/inventory.")
    return Issue(record.row, "sku", "SKU_AMBIGUOUS", words, hint)


def _issues(record: Record, error: ValidationError) -> list[Issue]:
    return [_issue(record, each) for each in error.errors(include_url=False)]


def _issue(record: Record, found: Mapping[str, Any]) -> Issue:
    place, row = found["loc"], record.row
    if len(place) > 1 and place[0] == "variants" and isinstance(place[1], int):
        variant = record.values["variants"][place[1]]
        given = variant.get("row") if isinstance(variant, dict) else None
        row = given if isinstance(given, int) and 0 < given <= 2 * MOST_ROWS else row
        place = place[2:]
    name = ".".join(str(part) for part in place)
    return Issue(row, name, str(found["type"]).upper(), issue_words(dict(found)))
