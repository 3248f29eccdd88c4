"""Money: whole minor units (centavos) inside, JSON numbers outside, rounded half up once."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticKnownError

CURRENCY = "COP"
# 10^11 pesos in centavos: far above any sale here, far below what a JSON number carries exactly.
MAXIMUM_MINOR = 10**13


def _as_written(given: object) -> object:
    """Refuse a text such as 12.000: twelve thousand to who writes it here, twelve to a program."""
    if isinstance(given, str) and len(given.strip().partition(".")[2]) > 2:
        raise PydanticKnownError("decimal_max_places", {"decimal_places": 2})
    return given


Price = Annotated[
    Decimal,
    Field(ge=0, le=Decimal(MAXIMUM_MINOR) / 100, decimal_places=2, max_digits=14),
    BeforeValidator(_as_written),
]
"""An amount that a client sends: pesos with at most two decimals."""

SignedPrice = Annotated[
    Decimal,
    Field(
        ge=-Decimal(MAXIMUM_MINOR) / 100,
        le=Decimal(MAXIMUM_MINOR) / 100,
        decimal_places=2,
        max_digits=14,
    ),
]
"""The same, to give or, negative, to take."""


def to_minor(amount: Decimal) -> int:
    """Return `amount` pesos as centavos; more than two decimals is a ValueError."""
    minor = amount * 100
    if minor != minor.to_integral_value():
        raise ValueError("an amount has at most two decimals")
    return int(minor)


def to_number(minor: int) -> int | float:
    """Return centavos as the JSON number that a client sees: 4500000 is 45000, 4500050 is 45000.5.

    Exact as text: below 2^53 the nearest double of hundredths prints as those hundredths.
    """
    return minor // 100 if minor % 100 == 0 else minor / 100


Amount = Annotated[int, PlainSerializer(to_number, return_type=int | float)]
"""An amount that a client reads; the field holds centavos, the JSON shows pesos."""


def divide_half_up(dividend: int, divisor: int) -> int:
    """Return `dividend / divisor` (both not negative) rounded half up, in whole numbers."""
    return (2 * dividend + divisor) // (2 * divisor)


def percent_of(minor: int, percent: Decimal) -> int:
    """Return `percent` per cent of an amount, rounded half up to the centavo."""
    return int((minor * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` by `weights` so that the parts add up to it (largest remainder, first wins)."""
    whole = sum(weights)
    if whole == 0:
        return [total, *[0] * (len(weights) - 1)] if weights else []
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def format_cop(minor: int) -> str:
    """Return an amount as Colombians read it: `$ 1.234.567`, cents only where there are any."""
    pesos, cents = divmod(abs(minor), 100)
    text = f"{pesos:,}".replace(",", ".")
    sign = "-" if minor < 0 else ""
    return f"{sign}$ {text}" + (f",{cents:02d}" if cents else "")
