"""Saying why a product stands where it does."""

import msgspec

from mestore.search.service.asked import Found
from mestore.search.types import Hit


class RankedWord(msgspec.Struct, frozen=True):
    """A word as it was looked up, and the product's rank for it."""

    terms: list[str]
    loose: list[str]
    rank: int


class Ranking(msgspec.Struct, frozen=True):
    """What orders hits: stock first, then the sum of the ranks."""

    in_stock: bool
    words: list[RankedWord]


def ranking_of(hit: Hit, found: Found) -> Ranking:
    """Return what ranked a hit; no words where they were relaxed to some of them."""
    ranked = [
        RankedWord(sorted(slot.exact), sorted(slot.loose), rank)
        for slot, rank in zip(found.slots, hit.words, strict=False)
    ]
    return Ranking(hit.in_stock, ranked)
