"""How settings read addresses."""

from pydantic import AnyHttpUrl


def address(value: str | None) -> str | None:
    """Return an http address without the slash at its end; raises where it is none."""
    return str(AnyHttpUrl(value)).rstrip("/") if value else value
