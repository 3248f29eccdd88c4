"""What the network sends: signed messages, and collection files.

The interface of a real agreement is not public; this is the proposal that the shop implements.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

BOGOTA = timezone(timedelta(hours=-5))
TIME = "%Y-%m-%d %H:%M:%S"
Fields = Mapping[str, str | int]
Trailer = Literal["right", "count", "total"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whose cash is taken: the number of the agreement, and the secret that both sides know."""

    convenio: str = "990014"
    secret: str = "efecty_mestore_simulator"  # noqa: S105 - a published default of a simulator


def now_in_bogota() -> str:
    """Return the present second as counters write it."""
    return datetime.now(BOGOTA).strftime(TIME)


def signed(fields: Fields, secret: str) -> dict[str, str | int]:
    """Return a message with its signature: HMAC-SHA256 of its lines `name=value`, by name."""
    text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {**fields, "firma": digest}


def collection(payments: Iterable[Fields], trailer: Trailer, *, strip_zeros: bool) -> str:
    """Return a collection file of these payments; `count` and `total` make its trailer wrong."""
    lines, count, total = [], 0, 0
    for paid in payments:
        reference = str(paid["referencia"])
        if strip_zeros:
            reference = reference.lstrip("0")
        keys = f'{paid["autorizacion"]}|"{paid.get("punto", "")}"|""|""|""'
        lines.append(f'"02"|"{reference}"|{paid["valor"]}|{paid["fecha"]}|{keys}')
        count, total = count + 1, total + int(paid["valor"])
    count += trailer == "count"
    total += trailer == "total"
    lines.append(f'"03"|{count}|{total}|{now_in_bogota()}|""|""|""|""|""')
    return "\r\n".join(lines) + "\r\n"
