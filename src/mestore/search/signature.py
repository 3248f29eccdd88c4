"""Signatures: the words of a product in 189 bits, read where it stands in the list of a word.

Superimposed coding (C. S. Roberts, "Partial-match retrieval via the method of superimposed codes",
1979): every word sets three bits. A product whose signature lacks one of a word's bits does not
have that word, and is passed over without a look at its own terms; one that has all may have it: of
those that do not, one in thirty where products have 24 words, one in four where they have 60.
"""

from collections.abc import Iterable
from hashlib import blake2b

from mestore.search.types import is_word

COLUMNS = ("signature_1", "signature_2", "signature_3")
"""The columns of a signature, each a part of its bits."""
ANYTHING = 2**63 - 1
"""A part that every word is in, of rows written before there were signatures. A BIGINT has a sign,
so that 63 of its bits are used."""
Signature = tuple[int, ...]
_BITS = 3


def signature(terms: Iterable[str]) -> Signature:
    """Return the signature of what has all of these terms."""
    bits = 0
    for term in terms:
        bits |= _bits_of(term)
    return tuple(bits >> 63 * part & ANYTHING for part in range(len(COLUMNS)))


def _bits_of(term: str) -> int:
    if not is_word(term):
        # A search begins at such a term; only words are looked for beside another one.
        return 0
    digest = blake2b(term.encode(), digest_size=2 * _BITS).digest()
    bits = 0
    for at in range(0, len(digest), 2):
        bits |= 1 << int.from_bytes(digest[at : at + 2]) % (63 * len(COLUMNS))
    return bits
