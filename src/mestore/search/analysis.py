"""What words mean to search: one analyser for products and for queries.

The stemmer is our own: Snowball's Spanish one needs the accents that shoppers leave out.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

LONGEST = 60
_KEY_WORD = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+[^\W_]*)?")
_MEASURE = re.compile(
    r"(?<![\w/.,])(\d+/\d+|\d+(?:[.,]\d+)?)\s*"
    r"(kilogramos?|kilos?|kgs?|gramos?|grs?|g|litros?|lts?|l|mililitros?|ml|cc|tb|gb|mb|"
    r"pulgadas?|inch(?:es)?|in|\"|”|'')(?!\w)"
)
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
_SYNONYMS = (
    "celular movil smartphone telefono phone cellphone",
    "tenis zapatilla sneaker",
    "esfero boligrafo lapicero pen",
    "nevera refrigerador refrigeradora frigorifico fridge refrigerator",
    "computador ordenador computadora portatil laptop notebook",
    "televisor tv television tele",
    "audifono auricular headphone earphone",
    "camiseta playera remera polera tshirt",
    "jean vaquero bluejean",
    "chaqueta chamarra campera jacket",
    "saco sueter buzo sweater",
    "gafa lente anteojo glasses",
    "morral mochila maletin backpack",
    "cobija manta frazada blanket",
    "olla cacerola pot",
    "estufa cocina stove",
    "carro auto coche car",
    "moto motocicleta motorcycle",
    "bicicleta bici cicla bike bicycle",
    "zapato calzado shoe",
    "reloj watch",
    "libro book",
    "juguete toy",
    "silla chair asiento",
    "mesa table",
    "cama bed",
    "cafe coffee",
    "licuadora blender",
    "lavadora washer",
    "pantalon trouser pants",
    "vestido dress",
    "camisa shirt",
    "bolso cartera bag handbag",
    "aretes pendientes earrings",
    "cargador charger",
    "parlante altavoz bocina speaker",
    "teclado keyboard",
    "raton mouse",
    "impresora printer",
    "balon pelota ball",
    "perro dog canino",
    "gato cat felino",
)


def folded(text: str, *, keep_ene: bool = False) -> str:
    """Return `text` in lower case without accents; ñ stays where `keep_ene`."""
    text = unicodedata.normalize("NFC", text.casefold())
    if keep_ene:
        return "ñ".join(folded(part) for part in text.split("ñ"))
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def brand_key(brand: str) -> str:
    """Return a brand as the catalogue keeps it for filters."""
    return " ".join(_KEY_WORD.findall(folded(brand)))[:100]


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


_GROUPS = {
    stem(word): frozenset(stem(each) for each in group.split())
    for group in _SYNONYMS
    for word in group.split()
}


def words(text: str) -> list[str]:
    """Return the words that count, folded, ñ kept, measures as one word each: `500g`, `15.6in`."""
    found: list[str] = []
    plain = _MEASURE.sub(lambda match: f" {_measure(match[1], match[2])} ", _lower(text))
    for word in _WORD.findall(plain):
        if word not in _STOP and len(word) <= LONGEST:
            found.append(word)
    return found


def alternatives(word: str) -> set[str]:
    """Return the terms that say the same as a word of `words`."""
    term = stem(folded(word))
    kept = {word} if "ñ" in word else set()
    return {term, *_GROUPS.get(term, ()), *kept}


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


def grams(word: str) -> set[str]:
    """Return the three-letter pieces of a word, its begin and end marked."""
    marked = f"^{word}$"
    return {marked[at : at + 3] for at in range(len(marked) - 2)}


def distance(one: str, other: str) -> int:
    """Return how many letters were missed, added, changed or swapped between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


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
