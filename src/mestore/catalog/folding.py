"""Text without its accents: how names become slugs, and what search compares."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
_SLUG_WORD = re.compile(r"[a-z0-9]+")
SEARCH_LENGTH = 4000
BRAND_KEY_LENGTH = 100


def folded(text: str) -> str:
    """Return the words of `text` without case and accents: `Piñata, BOGOTÁ` is `pinata bogota`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(plain))


def slug_of(text: str, length: int) -> str:
    """Return `text` as a part of an address, at most `length` long; empty where nothing is left."""
    slug = "-".join(_SLUG_WORD.findall(folded(text)))
    if len(slug) <= length:
        return slug
    whole_words = slug[: length + 1].rpartition("-")[0]
    return whole_words or slug[:length]


def brand_key(brand: str) -> str:
    """Return a brand as products are filed under it: without case, accents and signs."""
    return folded(brand)[:BRAND_KEY_LENGTH]


def tag_mark(tag: str) -> str:
    """Return how a tag stands in a search text: between signs that no word contains."""
    return f"#{folded(tag).replace(' ', '-')}#"


def search_text(name: str, brand: str | None, tags: Iterable[str]) -> str:
    """Return what the simple search looks in: the words of name and brand, and marked tags."""
    words = folded(f"{name} {brand or ''}")
    return " ".join([words, *map(tag_mark, tags)])[:SEARCH_LENGTH]
