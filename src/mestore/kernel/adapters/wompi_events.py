"""What Wompi's payments and payouts share on the wire: answers in JSON and signed events.

Format: docs.wompi.co/docs/colombia/, pages eventos and eventos-pagos-a-terceros.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import msgspec


class NotWompi(ValueError):
    """The bytes are not what Wompi documents."""


class Unsigned(ValueError):
    """An event whose signature is missing, or cannot be worked out."""


Reply = TypeVar("Reply")


def decode(body: bytes, reply: type[Reply]) -> Reply:
    """Read an answer; raises `NotWompi` where it has another shape, or is cut off."""
    try:
        return msgspec.json.decode(body, type=reply)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotWompi(str(error)) from error


@dataclass(frozen=True, slots=True)
class Event:
    """A parsed event that names its signature. Every number in it is still the text as sent."""

    name: str
    data: Mapping[str, Any]
    environment: object
    properties: tuple[str, ...]
    checksum: str
    timestamp: str

    def text_at(self, path: str) -> str:
        """Return what a dotted path inside `data` names, as it is signed; nothing is empty text."""
        found: object = self.data
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        match found:
            case None:
                return ""
            case bool():
                return str(found).lower()
            case str():
                return found
        raise Unsigned(f"{path} is not a single value")

    def expected_checksum(self, secret: str) -> str:
        """Return the checksum of the properties that the event lists, in its order.

        The timestamp takes part as it was written: in seconds, of payouts in milliseconds.
        """
        values = [self.text_at(path) for path in self.properties]
        return sha256("".join([*values, self.timestamp, secret]).encode()).hexdigest()


def read_event(body: bytes) -> Event:
    """Parse the raw body of a webhook; raises `NotWompi`, or `Unsigned` for a bare event."""
    try:
        # Numbers stay text: the signature covers them as they were written.
        parsed = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise NotWompi("not JSON") from error
    match parsed:
        case {"event": str(name), "data": dict(data)}:
            return _signed_event(name, data, parsed)
    raise NotWompi("not an event")


def _signed_event(name: str, data: dict[str, Any], parsed: dict[str, Any]) -> Event:
    match parsed:
        case {
            "signature": {"properties": list(properties), "checksum": str(checksum)},
            "timestamp": str(timestamp),
        } if properties and all(isinstance(path, str) for path in properties):
            environment = parsed.get("environment")
            return Event(name, data, environment, tuple(properties), checksum, timestamp)
    raise Unsigned("there is no signature")


def agrees(checksum: str, claimed: str) -> bool:
    """Compare checksums in constant time, whatever their case."""
    return hmac.compare_digest(
        checksum.lower().encode(), claimed.lower().encode("utf-8", "replace")
    )
