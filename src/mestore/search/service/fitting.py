"""Searches held against products, the other way round: which of them are what is asked for."""

from collections.abc import Sequence, Set
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import Database
from mestore.search import analysis
from mestore.search.repository.texts import TextRepository
from mestore.search.service.facets import meets
from mestore.search.service.index import entry_of
from mestore.search.service.known import Known
from mestore.search.thesaurus import Thesaurus
from mestore.search.types import MOST_WORDS, Hit, SearchQuery, Slot
from mestore.search.views.hits import of_ids


async def fitting(
    database: Database, queries: Sequence[SearchQuery], product_ids: Sequence[UUID]
) -> list[list[UUID]]:
    """Return for each query which of these products, if public now, have its words and filters.

    Nothing is relaxed, corrected or completed: what is told of must be what was asked for. Three
    statements for all; the words are the catalogue's, so it does not matter how far the index is.
    """
    async with database.read() as connection:
        hits = await of_ids(connection, product_ids)
        terms = await _terms_of(connection, hits)
    thesaurus = await database.kept(Known).thesaurus.fresh()
    found = []
    for query in queries:
        choices = _choices_of(query.q, thesaurus)
        found.append(
            [hit.id for hit in hits if _says(terms[hit.id], choices) and meets(hit, query)]
        )
    return found


async def _terms_of(connection: AsyncConnection, hits: Sequence[Hit]) -> dict[UUID, Set[str]]:
    texts = TextRepository(connection)
    products = await texts.texts([hit.number for hit in hits])
    variants = await texts.variants([hit.id for hit in hits])
    of_product: dict[UUID, list[Sequence[str | None]]] = {each.id: [] for each in products}
    for product_id, *said in variants:
        of_product[product_id].append(said)
    return {each.id: entry_of(each, of_product[each.id]).terms.keys() for each in products}


def _choices_of(text: str, thesaurus: Thesaurus) -> list[list[Slot]]:
    """Return what a text may mean, its code first; of one of them every slot is to be met."""
    if not text.strip():
        return [[]]
    written = analysis.words(text)[:MOST_WORDS]
    readings = thesaurus.readings(written) if written else []
    return [[Slot(frozenset([analysis.exact(text)]))], *readings]


def _says(terms: Set[str], choices: Sequence[Sequence[Slot]]) -> bool:
    return any(all(not slot.terms.isdisjoint(terms) for slot in slots) for slots in choices)
