"""What a model wrote, checked: nothing of it is shown that the product's own words do not bear."""

import re
import unicodedata

from mestore.insights.types.proposals import Subject
from mestore.search.service import terms_of

NAME = (10, 120)
DESCRIPTION = (80, 2_000)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Also a bare example.com: that a full stop without a space after it is refused too does no harm.
_FOREIGN = re.compile(r"[<>{}`\\]|&#?\w+;|https?:|www\.|@|\w\.[a-z]{2}", re.IGNORECASE)
# Signs that nobody sees, and that may turn a text around.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
# Claims about money, delivery and promises: a text has those that the shop makes itself.
_CLAIMS = re.compile(
    r"[$€%]|\b(?:cop|pesos?|precios?|barat[oa]s?|econ[oó]mic[oa]s?|gratis|gratuit[oa]s?|ofertas?|"
    r"descuentos?|promoci[oó]n(?:es)?|rebajas?|env[ií]os?|garant[ií]as?|garantizad[oa]s?|"
    r"cuotas?|devoluci[oó]n(?:es)?|price|cheap|free|discount|shipping|warranty)\b",
    re.IGNORECASE,
)


def checked_name(text: str | None, subject: Subject) -> str | None:
    """Return a name that may be proposed; None where it may not."""
    if text is None or "\n" in text:
        return None
    return _checked(text, subject, NAME)


def checked_description(text: str | None, subject: Subject) -> str | None:
    """Return a description that may be proposed; None where it may not."""
    return None if text is None else _checked(text, subject, DESCRIPTION)


def _checked(text: str, subject: Subject, lengths: tuple[int, int]) -> str | None:
    text = text.strip()
    known = _own_words(subject)
    least, most = lengths
    is_fit = (
        least <= len(text) <= most
        and not _FOREIGN.search(text)
        and not any(unicodedata.category(sign) in _UNSEEN for sign in text.replace("\n", ""))
        and _all(_CLAIMS, text) <= _all(_CLAIMS, known)
        and _all(_NUMBER, text) <= _all(_NUMBER, known)
        and not terms_of(subject.name).keys().isdisjoint(terms_of(text))
    )
    return text if is_fit else None


def _own_words(subject: Subject) -> str:
    texts = (subject.name, subject.description, subject.short_description, subject.brand)
    return " ".join(filter(None, (*texts, *subject.tags)))


def _all(pattern: re.Pattern[str], text: str) -> set[str]:
    return set(pattern.findall(text.casefold()))
