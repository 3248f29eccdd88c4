"""What several bodies and queries of the catalogue hold."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

from mestore.accounts.types import Line
from mestore.catalog.types import ProductStatus
from mestore.kernel.money import to_minor


def known_status(value: object) -> object:
    """Read a status in any letters; `active` is another word for APPROVED."""
    if not isinstance(value, str):
        return value
    return {"ACTIVE": "APPROVED"}.get(value.upper(), value.upper())


Key = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]
"""An id or a slug."""

Status = Annotated[ProductStatus, BeforeValidator(known_status)]
"""Where a product stands."""

Brand = Annotated[Line, StringConstraints(max_length=100)]
Tag = Annotated[Line, StringConstraints(min_length=1, max_length=50)]


def minor_or_none(amount: Decimal | None) -> int | None:
    """Return an amount in minor units, and nothing for nothing."""
    return None if amount is None else to_minor(amount)
