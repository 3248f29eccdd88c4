"""What a text means: its words as terms, begun words completed, misspelt ones corrected."""

from collections.abc import Sequence
from dataclasses import dataclass

from mestore.kernel.db import Database
from mestore.search import analysis
from mestore.search.misspelling import SHORTEST, distance, mistakes_allowed, sound
from mestore.search.service.known import Known
from mestore.search.types import ALL, MOST_WORDS, Slot
from mestore.search.views.words import frequencies, words_beginning, words_near

MOST_TERMS = 8
"""Of each word so many terms count."""
MOST_BEGUN = 5


@dataclass(frozen=True, slots=True)
class Meaning:
    """The readings of a text, each a slot a word, and how common their terms are."""

    readings: list[list[Slot]]
    products: dict[str, int]
    is_misspelt: bool = False
    has_unknown: bool = False
    code: str | None = None
    """The text as the term of a SKU or barcode, where some product has that."""
    begun: Sequence[str] = ()
    """Words that begin like the last one, the most used first."""

    def common(self, slot: Slot) -> int:
        """Return about how many products have one of the terms of a slot."""
        return sum(self.products.get(term, 0) for term in slot.terms)


async def meaning_of(database: Database, text: str, places: Sequence[Slot] = ()) -> Meaning:
    """Return what a text may mean in words that products have; no reading where it means none.

    How common the places are is told with it.
    """
    written = analysis.words(text)[:MOST_WORDS]
    thesaurus = await database.kept(Known).thesaurus.fresh()
    readings = thesaurus.readings(written) if written else []
    as_code = analysis.exact(text)
    meant = [slot for slots in readings for slot in slots]
    products = await frequencies(database, {ALL, as_code, *all_terms([*meant, *places])})
    code = as_code if as_code in products else None
    folded = [analysis.folded(word) for word in written]
    begun = await words_beginning(database, folded[-1]) if folded else []
    literal, is_misspelt, has_unknown = [], False, False
    for at, slot in enumerate(readings[0] if readings else []):
        known = _known(slot, products)
        if at == len(written) - 1:
            known = _completed(begun, known, products)
        if known is None:
            known = await _corrected(database, folded[at], products)
            is_misspelt = is_misspelt or known is not None
        if known is None:
            has_unknown = True
        else:
            literal.append(known)
    others = [_all_known(slots, products) for slots in readings[1:]]
    if any(others) and (is_misspelt or has_unknown):
        # A phrase of which every word is known is what was meant, not a mistake.
        is_misspelt, has_unknown, literal = False, False, []
    found = [slots for slots in [literal, *others] if slots]
    completed = [word for word, *_ in begun]
    return Meaning(found, products, is_misspelt, has_unknown, code, completed)


def all_terms(slots: Sequence[Slot]) -> set[str]:
    """Return the terms of all slots."""
    return {term for slot in slots for term in slot.terms}


def _known(slot: Slot, products: dict[str, int]) -> Slot | None:
    """Return a slot with the terms that products have, the most common; None without any."""
    exact, loose = (
        frozenset(sorted(terms & products.keys(), key=lambda term: -products[term])[:MOST_TERMS])
        for terms in (slot.exact, slot.loose)
    )
    return Slot(exact, loose) if exact or loose else None


def _all_known(slots: Sequence[Slot], products: dict[str, int]) -> list[Slot]:
    known = [_known(slot, products) for slot in slots]
    return [slot for slot in known if slot is not None] if all(known) else []


def _completed(
    begun: Sequence[tuple[str, str, int]], known: Slot | None, products: dict[str, int]
) -> Slot | None:
    """Return what the last word may be the beginning of, besides what it is itself."""
    slot = known or Slot(frozenset())
    uses: dict[str, int] = {}
    for _, term, of_word in begun:
        uses.setdefault(term, of_word)
    new = [term for term in uses if term not in slot.terms][:MOST_BEGUN]
    for term in new:
        products.setdefault(term, uses[term])
    return Slot(slot.exact, slot.loose | frozenset(new)) if slot.terms or new else None


async def _corrected(database: Database, word: str, products: dict[str, int]) -> Slot | None:
    """Return the terms of the known words that are nearest to a misspelt one.

    Known are the words of products, and those that mean the same as one of them.
    """
    if len(word) < SHORTEST:
        return None
    thesaurus = await database.kept(Known).thesaurus.fresh()
    allowed, said = mistakes_allowed(word), sound(word)
    candidates = await words_near(database, word, 2)
    candidates += [(like, analysis.word_term(like), 0) for like in thesaurus.near(word)]
    near: list[tuple[int, int, int, str]] = []
    for known, term, uses in candidates:
        apart = distance(word, known)
        if apart > allowed + 1:
            continue
        sounds = distance(said, sound(known))
        if apart <= allowed or sounds == 0:
            near.append((apart + sounds, known[0] != word[0], -uses, term))
    alike = {term: thesaurus.of_term(term) for *_, term in near}
    found = await frequencies(database, set().union(*alike.values())) if near else {}
    near = sorted(each for each in near if alike[each[-1]] & found.keys())
    if not near:
        return None
    products |= found
    exact = {term for apart, *_, term in near if apart == near[0][0]}
    loose = set().union(*(alike[term] for term in exact)) - exact
    kept = sorted(exact & found.keys())[:MOST_TERMS]
    return Slot(frozenset(kept), frozenset(sorted(loose & found.keys())[:MOST_BEGUN]))
