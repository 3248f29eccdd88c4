"""The words of shipping."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShippingPolicy:
    """The flat fee of an order and the subtotal from which it is free, in minor units."""

    fee_minor: int = 1_500_000
    free_from_minor: int = 20_000_000
