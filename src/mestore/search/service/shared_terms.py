"""What two texts have in common, in the terms that products are found by."""

from mestore.search.analysis import word_term, words


def terms_of(text: str) -> dict[str, str]:
    """Return the terms of a text, each with the first word that stands for it, folded."""
    found: dict[str, str] = {}
    for word in words(text):
        found.setdefault(word_term(word), word)
    return found
