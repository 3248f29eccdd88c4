"""Completing what somebody types."""

from mestore.catalog.service.shown import shown_products
from mestore.kernel.db import Database
from mestore.search import analysis, views
from mestore.search.service.find import find
from mestore.search.types import SearchQuery, Suggested, SuggestionsView

EACH = 5


async def suggest(database: Database, text: str) -> SuggestionsView:
    """Return queries, products, categories and vendors that begin like a text."""
    found = await find(database, SearchQuery(q=text), "relevance", (0, EACH))
    shown = await shown_products(database, [hit.id for hit in found.hits])
    written = [analysis.folded(word) for word in analysis.words(text)]
    queries = []
    if written:
        begun = await views.words_beginning(database, written[-1])
        queries = [" ".join([*written[:-1], word]) for word, _ in begun[:EACH]]
    labels = await views.category_labels(database)
    categories = [
        Suggested(str(each.id), each.name, each.slug)
        for each in labels
        if written
        and any(word.startswith(written[-1]) for word in analysis.words(analysis.folded(each.name)))
    ]
    vendors = {each.vendor.id: each.vendor.business_name for each in shown}
    return SuggestionsView(
        queries=queries,
        products=[Suggested(str(each.id), each.name, each.slug) for each in shown],
        categories=categories[:EACH],
        vendors=[Suggested(str(key), name, None) for key, name in vendors.items()],
    )
