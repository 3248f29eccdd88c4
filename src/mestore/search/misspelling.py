"""How far apart two words are: letters, and how they sound in Colombia."""

import re

from jellyfish import damerau_levenshtein_distance

LONG_WORD = 8
"""From so many letters on two of them may be wrong; below it one, and none in a short word."""
SHORTEST = 4
_SOUNDS = (
    (re.compile(r"^h|(?<!c)h"), ""),
    (re.compile(r"qu(?=[ei])|c(?![eih])|k"), "k"),
    (re.compile(r"c(?=[ei])|z|x"), "s"),
    (re.compile(r"ll|y(?=[aeou])"), "y"),
    (re.compile(r"g(?=[ei])"), "j"),
    (re.compile(r"gu(?=[ei])"), "g"),
    (re.compile(r"v|w"), "b"),
    (re.compile(r"m(?=[bp])"), "n"),
    (re.compile(r"(.)\1+"), r"\1"),
)


def sound(word: str) -> str:
    """Return a folded word as it is said: `selular` and `celular`, `baso` and `vaso` are one."""
    for pattern, letter in _SOUNDS:
        word = pattern.sub(letter, word)
    return word


def mistakes_allowed(word: str) -> int:
    """Return how many letters of a word may be wrong."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < LONG_WORD else 2


def distance(one: str, other: str) -> int:
    """Return how many letters were missed, added, changed or swapped between two words."""
    return damerau_levenshtein_distance(one, other)


def grams(word: str) -> set[str]:
    """Return the three-letter pieces of a word, its begin and end marked."""
    marked = f"^{word}$"
    return {marked[at : at + 3] for at in range(len(marked) - 2)}
