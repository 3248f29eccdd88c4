"""What a row may hold, by the rules of the endpoints of single products and levels."""

from typing import Annotated

from pydantic import Field, StrictInt, model_validator

from mestore.bulk.types import MOST_PICTURES
from mestore.catalog.schemas.bodies import (
    LARGEST_STOCK,
    MOST_VARIANTS,
    Input,
    ProductIn,
    ProductPatch,
    Sku,
    Units,
    VariantReplacement,
)
from mestore.catalog.schemas.fields import minor_or_none
from mestore.catalog.types import NewVariant
from mestore.inventory.schemas import Place
from mestore.inventory.types import MAIN_LOCATION

Source = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\s\x00-\x1f]+$")]
"""The address of a picture, or its name in the ZIP."""
Sources = Annotated[list[Source], Field(max_length=MOST_PICTURES)]
Change = Annotated[StrictInt, Field(ge=-LARGEST_STOCK, le=LARGEST_STOCK)]


class VariantRow(VariantReplacement):
    """A variant of a product of a file; `stock` left out stays. `row` is where it stands."""

    stock: Units | None = None
    row: int | None = None

    def to_variant(self) -> NewVariant:
        """Return the variant to write; `stock` is what a new one begins with."""
        given = self.model_dump(exclude={"price", "row", "stock"})
        return NewVariant(**given, price_minor=minor_or_none(self.price), stock=self.stock or 0)


class NewProductRow(ProductIn):
    """A product that the vendor does not have yet: the rules of POST /products."""

    images: Sources = []
    variants: Annotated[list[VariantRow], Field(max_length=MOST_VARIANTS)] = []  # type: ignore[assignment]


class KnownProductRow(ProductPatch):
    """A product that the vendor has: the rules of PATCH /products/{id}."""

    images: Sources = []
    variants: Annotated[list[VariantRow], Field(max_length=MOST_VARIANTS)] = []


class StockRow(Input):
    """A level that is to be set or changed; with `expected` only if so many are on hand."""

    sku: Sku
    location: Place = MAIN_LOCATION
    quantity: Units | None = None
    delta: Change | None = None
    expected: Units | None = None

    @model_validator(mode="after")
    def one_of_them(self) -> "StockRow":
        """Refuse rows that say both, or nothing."""
        if (self.quantity is None) == (self.delta is None):
            raise ValueError("write either quantity or delta")
        if self.delta is not None and self.expected is not None:
            raise ValueError("expected goes with quantity")
        return self
