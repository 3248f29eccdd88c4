"""What the JSON API of the catalogue takes."""

import json
from decimal import Decimal
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
)

from mestore.accounts.types import Line, Text, refused
from mestore.catalog.folding import folded
from mestore.catalog.schemas.fields import Brand, Key, Status, Tag, known_status, minor_or_none
from mestore.catalog.types import (
    CategoryFields,
    InventoryPolicy,
    NewVariant,
    ProductFields,
    ProductStatus,
    uuid_in,
)
from mestore.kernel.money import Price

MOST_TAGS = 30
MOST_AT_ONCE = 500
MOST_VARIANTS = 100
MOST_VIDEOS = 10
LARGEST_STOCK = 10_000_000
METADATA_BYTES = 16_384


def checked_metadata(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the document as it is; ValueError for what is too large or no database can store."""
    # Unpaired surrogates and NaN are ValueErrors of their own.
    packed = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    if len(packed) > METADATA_BYTES:
        raise refused(
            f"metadata takes at most {METADATA_BYTES} bytes.",
            f"metadata admite máximo {METADATA_BYTES} bytes.",
        )
    if b"\\u0000" in packed:
        raise refused("metadata cannot hold NUL.", "metadata no puede contener NUL.")
    return value


def without_repeats(tags: list[str]) -> list[str]:
    """Return the tags without those that only repeat another in other letters."""
    kept: dict[str, str] = {}
    for tag in tags:
        kept.setdefault(folded(tag) or tag, tag)
    return list(kept.values())


def no_uuid(slug: str) -> str:
    """Return the slug as it is; ValueError for one that addresses would take for an id."""
    if uuid_in(slug):
        raise refused("A slug cannot be a UUID.", "Un slug no puede ser un UUID.")
    return slug


Slug = Annotated[
    str,
    StringConstraints(max_length=150, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$"),
    AfterValidator(no_uuid),
]
"""A part of an address."""

Sku = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
"""A vendor's own code of a product, compared letter by letter."""

ProductName = Annotated[Line, StringConstraints(min_length=1, max_length=500)]
Description = Annotated[Text, StringConstraints(max_length=16_000)]
ShortText = Annotated[Text, StringConstraints(max_length=500)]
Title = Annotated[Line, StringConstraints(max_length=200)]
Option = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
WebAddress = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^https?://[^\s\x00-\x1f]+$")
]
Units = Annotated[StrictInt, Field(ge=0, le=LARGEST_STOCK)]
Centimetres = Annotated[StrictInt | StrictFloat, Field(gt=0, le=10_000)]
Kilograms = Annotated[Decimal, Field(gt=0, le=100_000, decimal_places=3)]
Metadata = Annotated[dict[str, JsonValue], AfterValidator(checked_metadata)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """What is left out of a change stays as it is, so its document shows no defaults."""
    for shown in schema["properties"].values():
        shown.pop("default", None)


class Input(BaseModel):
    """A body: unknown fields are refused, spaces around texts are dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Dimensions(Input):
    """The packed size in centimetres."""

    length: Centimetres
    width: Centimetres
    height: Centimetres


def known_policy(value: object) -> object:
    """Read a policy in any case, as other programs write it."""
    return value.upper() if isinstance(value, str) else value


class VariantReplacement(Input):
    """A choice of a product; without a price of its own it costs what the product costs."""

    sku: Sku
    title: Annotated[Line, StringConstraints(min_length=1, max_length=200)] | None = None
    option1: Option | None = None
    option2: Option | None = None
    option3: Option | None = None
    price: Price | None = None
    barcode: Annotated[Line, StringConstraints(max_length=50)] | None = None
    position: Annotated[StrictInt, Field(ge=0, le=1_000_000)] | None = None
    inventory_policy: Annotated[InventoryPolicy, BeforeValidator(known_policy)] = (
        InventoryPolicy.DENY
    )

    def to_variant(self) -> NewVariant:
        """Return the variant to write."""
        given = self.model_dump(exclude={"price"})
        return NewVariant(**given, price_minor=minor_or_none(self.price))


class VariantIn(VariantReplacement):
    """A choice to add to a product, with its first stock."""

    stock: Units = 0


class _ProductInput(Input):
    """What every body of a product may hold."""

    description: Description | None = None
    short_description: ShortText | None = None
    compare_at_price: Price | None = None
    cost_price: Price | None = None
    tax_rate: Literal[0, 5, 19] = 19
    category_id: Annotated[
        Key | None,
        Field(
            validation_alias=AliasChoices("category_id", "category"),
            description="An id or a slug of GET /categories.",
        ),
    ] = None
    brand: Brand | None = None
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(without_repeats)] = []
    weight: Annotated[Kilograms | None, Field(description="In kilograms.")] = None
    dimensions: Dimensions | None = None
    is_visible: StrictBool = True
    is_featured: Annotated[StrictBool | None, Field(description="Staff only.")] = None
    seo_title: Title | None = None
    seo_description: ShortText | None = None
    videos: Annotated[list[WebAddress], Field(max_length=MOST_VIDEOS)] = []
    metadata: Metadata = {}
    track_inventory: StrictBool = True
    low_stock_threshold: Units = 10

    def fields(self, *, only_sent: bool = False) -> ProductFields:
        """Return the product's fields, all of them or those that were sent."""
        given = self.model_dump(exclude_unset=only_sent, exclude={"stock", "variants", "id"})
        for name in ("price", "compare_at_price", "cost_price"):
            if name in given:
                given[f"{name}_minor"] = minor_or_none(given.pop(name))
        if "weight" in given:
            weight = given.pop("weight")
            given["weight_grams"] = None if weight is None else int(weight * 1000)
        if "category_id" in given:
            given["category"] = given.pop("category_id")
        for name in ("status", "is_featured", "slug"):
            # These have no empty value: null is the same as saying nothing.
            if given.get(name) is None:
                given.pop(name, None)
        return cast(ProductFields, given)


_PRICE = Field(validation_alias=AliasChoices("price", "precio_venta"))


class ProductReplacement(_ProductInput):
    """A product as it is to be; what is left out becomes empty.

    `stock` left out, or sent as it is shown, stays.
    """

    name: ProductName
    sku: Sku
    price: Annotated[Price, _PRICE]
    slug: Annotated[Slug | None, Field(description="A new address; the old one goes on.")] = None
    status: Status | None = None
    stock: Units | None = None


class ProductIn(_ProductInput):
    """A product to offer. `stock` is the first level; a DRAFT is not handed in for approval yet."""

    name: ProductName
    sku: Sku
    price: Annotated[Price, _PRICE]
    status: Annotated[
        Literal[ProductStatus.DRAFT, ProductStatus.PENDING], BeforeValidator(known_status)
    ] = ProductStatus.PENDING
    stock: Units = 0
    variants: Annotated[list[VariantIn], Field(max_length=MOST_VARIANTS)] = []


class ProductPatch(_ProductInput):
    """What to change of a product; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: ProductName = ""
    sku: Sku = ""
    price: Annotated[Price, _PRICE] = Decimal(0)
    slug: Annotated[Slug | None, Field(description="A new address; the old one goes on.")] = None
    status: Status | None = None
    stock: Units | None = None


class BulkChange(ProductPatch):
    """What to change of one product."""

    id: UUID


def each_once(changes: list[BulkChange]) -> list[BulkChange]:
    """Return the changes as they are; ValueError where one product has two."""
    if len({change.id for change in changes}) < len(changes):
        raise refused("Name each product once.", "Nombra cada producto una sola vez.")
    return changes


class BulkUpdateIn(Input):
    """Changes of many products; with `atomic` one refusal undoes them all."""

    products: Annotated[
        list[BulkChange], Field(min_length=1, max_length=MOST_AT_ONCE), AfterValidator(each_once)
    ]
    atomic: StrictBool = False


class BulkDeleteIn(Input):
    """Products to delete; with `atomic` one refusal undoes it all."""

    ids: Annotated[
        list[UUID],
        Field(
            min_length=1,
            max_length=MOST_AT_ONCE,
            validation_alias=AliasChoices("ids", "product_ids"),
        ),
    ]
    atomic: StrictBool = False


class StatusIn(Input):
    """The operator's decision; a rejection needs a reason."""

    status: Status
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500)] | None = None


class ChangeDecisionIn(Input):
    """The operator's decision on an edit; a rejection needs a reason."""

    accept: StrictBool
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500)] | None = None


class CategoryIn(Input):
    """A category. Without a slug one is made of its name; without a parent it is a root."""

    name: Annotated[Line, StringConstraints(min_length=1, max_length=150)]
    slug: Slug | None = None
    parent_id: Annotated[Key | None, Field(description="An id or a slug.")] = None
    description: Description | None = None
    seo_title: Title | None = None
    seo_description: ShortText | None = None
    position: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0

    def fields(self) -> CategoryFields:
        """Return the category's fields."""
        given = self.model_dump(exclude={"parent_id"})
        return cast(CategoryFields, {**given, "parent": self.parent_id})
