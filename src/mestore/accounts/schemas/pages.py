"""The fields of a personal page, as bodies may set them."""

import json
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, AnyHttpUrl, Field, JsonValue, StringConstraints

from mestore.accounts.types import Line, Text, refused

PREFERENCES_BYTES = 8_192
_ZONES = available_timezones()


def _checked_address(text: str) -> str:
    try:
        AnyHttpUrl(text)
    except ValueError:
        raise refused(
            "Write an http or https address.", "Escribe una dirección http o https."
        ) from None
    return text


def _checked_timezone(name: str) -> str:
    # Without a database of time zones on the machine the form has to do.
    if _ZONES and name not in _ZONES:
        raise refused(
            "Name a time zone such as America/Bogota.",
            "Indica una zona horaria como America/Bogota.",
        )
    return name


def _checked_preferences(given: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(given, allow_nan=False, ensure_ascii=False)
        is_storable = len(text.encode()) <= PREFERENCES_BYTES and "\\u0000" not in text
    except (ValueError, RecursionError):
        is_storable = False
    if not is_storable:
        raise refused(
            f"preferences is a JSON object of at most {PREFERENCES_BYTES} bytes.",
            f"preferences es un objeto JSON de máximo {PREFERENCES_BYTES} bytes.",
        )
    return given


Avatar = Annotated[Line, StringConstraints(max_length=500), AfterValidator(_checked_address)]
Website = Annotated[Line, StringConstraints(max_length=200), AfterValidator(_checked_address)]
Bio = Annotated[Text, StringConstraints(max_length=2_000)]
Place = Annotated[Line, StringConstraints(max_length=100)]
Timezone = Annotated[
    str,
    StringConstraints(max_length=50, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$"),
    AfterValidator(_checked_timezone),
]
Language = Annotated[str, StringConstraints(max_length=10, pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Preferences = Annotated[
    dict[Annotated[str, Field(max_length=100)], JsonValue], AfterValidator(_checked_preferences)
]
