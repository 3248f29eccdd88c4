"""Wompi's two recipes: the integrity signature of a payment and the checksum of an event."""

from collections.abc import Mapping
from hashlib import sha256


def integrity_signature(
    reference: str, amount_in_cents: int, currency: str, secret: str, expiration_time: str | None
) -> str:
    """Sign what a payment may not change: reference, amount, currency and expiration."""
    parts = (reference, str(amount_in_cents), currency, expiration_time or "", secret)
    return _digest(*parts)


def event_checksum(event: Mapping[str, object], secret: str) -> str:
    """Sign the properties an event lists, in its own order, then its timestamp."""
    signature = event["signature"]
    listed = signature["properties"] if isinstance(signature, Mapping) else ()
    values = [_text_at(event["data"], path) for path in listed]
    return _digest(*values, str(event["timestamp"]), secret)


def _text_at(data: object, path: str) -> str:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    if data is None:
        return ""
    return str(data).lower() if isinstance(data, bool) else str(data)


def _digest(*parts: str) -> str:
    return sha256("".join(parts).encode()).hexdigest()
