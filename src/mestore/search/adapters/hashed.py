"""Vectors of the pieces of words, without a model: words that look alike are near each other.

It knows no meaning. Digests are of a fixed algorithm, so the same text has the same vector on every
machine.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log, sqrt

from mestore.search import analysis
from mestore.search.types import Model, unit

DIMENSION = 512
PIECES = (2, 3, 4)
WHOLE = 0.5
"""What a whole word counts beside all its pieces together."""
AT_ONCE = 4
"""Texts that are done on the spot; more would hold up other requests."""


class HashedEmbedder:
    """Counts pieces of words in a fixed number of places, with a sign that cancels collisions."""

    model = Model("hashed", "1", DIMENSION)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order."""
        if len(texts) <= AT_ONCE:
            return [_vector(text) for text in texts]
        return await asyncio.to_thread(lambda: [_vector(text) for text in texts])


def _vector(text: str) -> list[float]:
    counted: defaultdict[str, float] = defaultdict(float)
    for word in analysis.words(text):
        stem = analysis.word_term(word)
        counted[f"={stem}"] += WHOLE
        framed = f"<{stem}>"
        pieces = [framed[at : at + size] for size in PIECES for at in range(len(framed) - size + 1)]
        for piece in pieces:
            counted[piece] += 1 / sqrt(len(pieces))
    vector = [0.0] * DIMENSION
    for piece, count in counted.items():
        place, sign = _place(piece)
        vector[place] += sign * (1 + log(count) if count > 1 else count)
    return unit(vector)


@lru_cache(maxsize=100_000)
def _place(piece: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(piece.encode(), digest_size=8).digest(), "little")
    return number % DIMENSION, 1 if number >> 60 & 1 else -1
