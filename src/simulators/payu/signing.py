"""PayU's recipe: a hash of the API key and what may not be changed, between tildes."""

from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import new


def signature(algorithm: str, *parts: object) -> str:
    """Sign the parts in the order that PayU documents."""
    text = "~".join(str(part) for part in parts)
    return new(algorithm.lower(), text.encode(), usedforsecurity=False).hexdigest()


def confirmed(value: Decimal) -> str:
    """Write an amount as a confirmation signs it: its second decimal only where it is no zero."""
    text = f"{value:.2f}"
    return text.removesuffix("0") if text.endswith("0") else text


def returned(value: Decimal) -> str:
    """Write an amount as the browser's return signs it: half to even, one decimal."""
    return str(value.quantize(Decimal("0.1"), ROUND_HALF_EVEN))
