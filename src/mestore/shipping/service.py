"""Shipping tells the fee of an order from its subtotal."""

from mestore.shipping.types import ShippingPolicy


def shipping_fee(subtotal_minor: int, policy: ShippingPolicy) -> int:
    """Return the fee in minor units; an empty cart ships for nothing."""
    if subtotal_minor == 0 or subtotal_minor >= policy.free_from_minor:
        return 0
    return policy.fee_minor
