"""Completing what somebody types."""

from collections.abc import Sequence

from mestore.catalog.service.shown import shown_products
from mestore.kernel.db import Database
from mestore.search import analysis
from mestore.search.service.known import Known
from mestore.search.service.meaning import Meaning, meaning_of
from mestore.search.types import MOST_WORDS, CategoryLabel, Hit, Slot, Suggested, SuggestionsView
from mestore.search.views import hits as views
from mestore.search.views.log import asked_beginning

EACH = 5
LOOKED_AT = 40


async def suggest(database: Database, text: str) -> SuggestionsView:
    """Return queries, products, categories and vendors that begin like a text."""
    written = [analysis.folded(word) for word in analysis.words(text)[:MOST_WORDS]]
    if not written:
        return SuggestionsView([], [], [], [])
    queries = await asked_beginning(database, " ".join(written), EACH)
    meaning = await meaning_of(database, text)
    queries += [" ".join([*written[:-1], word]) for word in meaning.begun]
    shown = await shown_products(database, [hit.id for hit in await _products(database, meaning)])
    labels = await database.kept(Known).categories.fresh()
    vendors = {each.vendor.id: each.vendor.business_name for each in shown}
    return SuggestionsView(
        queries=list(dict.fromkeys(queries))[:EACH],
        products=[Suggested(str(each.id), each.name, each.slug) for each in shown],
        categories=_categories(list(labels.values()), written[-1]),
        vendors=[Suggested(str(key), name, None) for key, name in vendors.items()],
    )


async def _products(database: Database, meaning: Meaning) -> list[Hit]:
    """Return the best products of a text as it is begun; nothing is counted."""
    for slots in meaning.readings[:1]:
        ordered: list[Slot] = sorted(slots, key=meaning.common)
        found = await views.hits(database, ordered, {}, (0, EACH), width=LOOKED_AT)
        return found.hits
    return []


def _categories(labels: Sequence[CategoryLabel], begun: str) -> list[Suggested]:
    found = [
        Suggested(str(each.id), each.name, each.slug)
        for each in labels
        if any(analysis.folded(word).startswith(begun) for word in analysis.words(each.name))
    ]
    return found[:EACH]
