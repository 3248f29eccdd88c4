"""Form bodies as Stripe reads them: `a[b][0]=1` is a list inside an object."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

Form = dict[str, object]


def read(pairs: str | Sequence[tuple[str, str]]) -> Form:
    """Return nested objects; lists stay objects whose keys are numbers."""
    found: Form = {}
    for name, value in (
        parse_qsl(pairs, keep_blank_values=True) if isinstance(pairs, str) else pairs
    ):
        *path, last = re.findall(r"[^\[\]]+", name)
        place = found
        for part in path:
            inner = place.setdefault(part, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return found


def text(form: Form, name: str) -> str | None:
    """Return a text of the form, None where it is absent or empty."""
    value = form.get(name)
    return value if isinstance(value, str) and value else None


def part(form: Form, name: str) -> Form:
    """Return an object of the form; an absent one is empty."""
    value = form.get(name)
    return value if isinstance(value, dict) else {}


def number(form: Form, name: str) -> int | None:
    """Return a whole number, None where there is none."""
    value = text(form, name)
    return int(value) if value is not None and re.fullmatch(r"-?[0-9]{1,12}", value) else None
