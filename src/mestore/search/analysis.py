"""What words mean to search: one analyser for products and for queries.

The stemmer is our own: Snowball's Spanish one needs the accents that shoppers leave out.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

LONGEST = 60
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+[^\W_]*)?")
_MEASURE = re.compile(
    r"(?<![\w/.,])(\d+/\d+|\d+(?:[.,]\d+)?)\s*"
    r"(kilogramos?|kilos?|kgs?|gramos?|grs?|g|litros?|lts?|l|mililitros?|ml|cc|tb|gb|mb|"
    r"pulgadas?|inch(?:es)?|in|\"|”|'')(?!\w)"
)
_POSSESSIVE = re.compile(r"(?<=[a-z]{2})['’]s\b")
_UNITS = {
    "k": ("g", 1000),
    "g": ("g", 1),
    "l": ("ml", 1000),
    "m": ("ml", 1),
    "c": ("ml", 1),
    "t": ("tb", 1),
}
_STOP = frozenset(
    (  # noqa: SIM905  a list of words reads better as a text
        "a al ante con de del el en entre es la las lo los o para por que se sin su sus "
        "un una unos unas y the of for with and an in to"
    ).split()
)


def folded(text: str, *, keep_ene: bool = False) -> str:
    """Return `text` in lower case without accents; ñ stays where `keep_ene`."""
    text = unicodedata.normalize("NFC", text.casefold())
    if keep_ene:
        return "ñ".join(folded(part) for part in text.split("ñ"))
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def stem(word: str) -> str:
    """Return a folded word without plural and gender: `luces` and `luz` are the same."""
    if len(word) <= 3 or any(letter.isdigit() for letter in word):
        return word
    if word.endswith("ces") and len(word) > 4:
        word = word[:-3] + "z"
    elif word.endswith("es") and len(word) > 4:
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "aeo" else word


def words(text: str) -> list[str]:
    """Return the words that count, folded, ñ kept, measures as one word each: `500g`, `15.6in`."""
    found: list[str] = []
    lower = _POSSESSIVE.sub("", _lower(text))
    plain = _MEASURE.sub(lambda match: f" {_measure(match[1], match[2])} ", lower)
    for word in _WORD.findall(plain):
        if word not in _STOP and len(word) <= LONGEST:
            found.append(word)
    return found


def forms(word: str) -> set[str]:
    """Return the terms of a word of `words` itself: its stem, and with its ñ where it has one."""
    return {word_term(word), word} if "ñ" in word else {word_term(word)}


def exact(text: str) -> str:
    """Return the term of a code that is looked for as a whole: a SKU or a barcode."""
    return "=" + re.sub(r"\s", "", folded(text))[: LONGEST - 1]


def weighed(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the terms of weighed texts; a term weighs what its best text does."""
    found: dict[str, int] = {}
    for text, weight in parts:
        for word in words(text):
            found[word_term(word)] = max(weight, found.get(word_term(word), 0))
            if "ñ" in word:
                found[word] = max(weight + 1, found.get(word, 0))
    return found


def word_term(word: str) -> str:
    """Return the term under which a word of `words` is kept."""
    return stem(folded(word))


def _lower(text: str) -> str:
    return folded(text, keep_ene=True)


def _measure(amount: str, unit: str) -> str:
    if "/" in amount:
        above, below = amount.split("/")
        value = Decimal(above) / (Decimal(below) or 1)
    else:
        value = Decimal(amount.replace(",", "."))
    if unit in {"gb", "mb"}:
        name, times = unit, 1
    elif unit[0] in "pi\"”'":
        name, times = "in", 1
    else:
        name, times = _UNITS[unit[0]]
    return f"{(value * times).normalize():f}{name}"
