"""Proposals for a product: rules over its facts and over products like it, perhaps better worded.

Nothing is changed. A language model, where there is one, is asked outside of any transaction.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from mestore.catalog.errors import ProductNotFound
from mestore.catalog.service.names import brand_key
from mestore.catalog.types import Editor
from mestore.insights.ports import Writer
from mestore.insights.service.checking import checked_description, checked_name
from mestore.insights.service.rules import market, pictures, texts
from mestore.insights.service.wording import worded
from mestore.insights.types.proposals import (
    Advice,
    Brief,
    Comparison,
    Enrichment,
    Idea,
    Peer,
    Priority,
    Source,
    Subject,
)
from mestore.insights.views.peers import find_subject, peers_of, selling, slug_is_taken
from mestore.kernel.clock import today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.errors import Unavailable
from mestore.search.service import find, terms_of
from mestore.search.types import SearchQuery

log = structlog.get_logger(__name__)

LOOKED_UP = 60
"""How many products search is asked for."""
MOST_SIMILAR = 50
ALIKE = 25
"""Per cent of all words of two names that both have, for products to be alike."""
SOLD_WITHIN = timedelta(days=90)
MOST_WORDS = 5
USUAL = 60
"""Per cent of similar names that have a word, for it to be usual."""
_WRITTEN = ("name", "description")
_RULES = (
    texts.of_name,
    texts.of_description,
    market.of_price,
    pictures.of_pictures,
    texts.of_seo,
    texts.of_slug,
    market.of_tags,
    market.of_category,
)


async def propose(
    database: Database, writer: Writer | None, key: str, editor: Editor, language: str
) -> Advice:
    """Return what would do a product good, by its id or slug; raises `ProductNotFound`."""
    async with database.read() as connection:
        subject = await find_subject(connection, key)
    if subject is None or not (editor.is_staff or subject.owner_id == editor.user_id):
        raise ProductNotFound
    compared = await _compared(database, subject)
    ideas = [idea for rule in _RULES for idea in rule(compared)]
    ideas, enrichment = await _enriched(writer, subject, ideas)
    ranks = list(Priority)
    ideas.sort(key=lambda idea: ranks.index(idea.priority))
    return Advice(
        subject.id,
        [worded(idea, language) for idea in ideas],
        len(compared.similar),
        enrichment is Enrichment.DONE,
        enrichment,
    )


async def _compared(database: Database, subject: Subject) -> Comparison:
    asked = SearchQuery(q=subject.name)
    found = await find(database, asked, "relevance", (0, LOOKED_UP))
    slug = texts.better_slug(subject) or subject.slug
    async with database.read() as connection:
        peers = await peers_of(connection, subject, [hit.id for hit in found.hits])
        similar = _similar(subject, peers)
        since = today_in_bogota() - SOLD_WITHIN
        sold = await selling(connection, [peer.id for peer in similar], since)
        is_free = not await slug_is_taken(connection, slug)
    return Comparison(
        subject,
        similar,
        tuple(peer for peer in similar if _is_rival(subject, peer)),
        tuple(peer for peer in similar if peer.id in sold),
        _usual_words(subject, similar) if market.is_enough(similar) else (),
        is_free,
    )


def _similar(subject: Subject, peers: Sequence[Peer]) -> tuple[Peer, ...]:
    """Return the products whose names have enough words in common, the most alike first."""
    own = terms_of(subject.name).keys()
    alike = {}
    for peer in peers:
        others = terms_of(peer.name).keys()
        share = 100 * len(own & others) // max(len(own | others), 1)
        if share >= ALIKE:
            alike[peer] = share
    ordered = sorted(alike, key=lambda peer: (-alike[peer], peer.id))
    return tuple(ordered[:MOST_SIMILAR])


def _is_rival(subject: Subject, peer: Peer) -> bool:
    """Say whether prices can be compared: of one currency, and of one category or brand."""
    is_of_category = subject.category is not None and peer.category == subject.category
    is_of_brand = subject.brand is not None and peer.brand_key == brand_key(subject.brand)
    return peer.currency == subject.currency and (is_of_category or is_of_brand)


def _usual_words(subject: Subject, similar: Sequence[Peer]) -> tuple[str, ...]:
    """Return the words that most names of similar products have and its own has not."""
    own = terms_of(f"{subject.name} {subject.brand or ''}").keys()
    counted: Counter[str] = Counter()
    as_written: dict[str, str] = {}
    for peer in similar:
        found = terms_of(peer.name)
        counted.update(found.keys() - own)
        as_written = found | as_written
    least = USUAL * len(similar)
    usual = sorted((-count, term) for term, count in counted.items() if 100 * count >= least)
    return tuple(as_written[term] for _, term in usual[:MOST_WORDS])


async def _enriched(
    writer: Writer | None, subject: Subject, ideas: list[Idea]
) -> tuple[list[Idea], Enrichment]:
    """Return the ideas with the words of a model where it has better ones that may be shown."""
    wanted = tuple(name for name in _WRITTEN if any(idea.field == name for idea in ideas))
    if writer is None:
        return ideas, Enrichment.NOT_CONFIGURED
    if not wanted:
        return ideas, Enrichment.NOT_NEEDED
    try:
        written = await writer.write(_brief(subject, wanted))
    except Unavailable as error:
        log.warning("not_enriched", product_id=str(subject.id), **error.details)
        return ideas, Enrichment.UNAVAILABLE
    better = {
        "name": checked_name(written.name, subject),
        "description": checked_description(written.description, subject),
    }
    enriched = []
    for idea in ideas:
        text = better.pop(idea.field) if idea.field in better else None
        is_better = text is not None and text != idea.current
        enriched.append(replace(idea, proposed=text, source=Source.MODEL) if is_better else idea)
    is_done = any(idea.source is Source.MODEL for idea in enriched)
    return enriched, Enrichment.DONE if is_done else Enrichment.REJECTED


def _brief(subject: Subject, fields: tuple[str, ...]) -> Brief:
    return Brief(
        fields,
        subject.name,
        subject.description,
        subject.short_description,
        subject.brand,
        subject.category.name if subject.category else None,
        subject.tags,
    )
