"""Words that mean the same: what the program ships, and what the operator made of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from mestore.search.analysis import folded, forms, word_term, words
from mestore.search.misspelling import grams
from mestore.search.types import Slot

MOST_READINGS = 4
MOST_NEAR = 10


@cache
def shipped_groups() -> tuple[str, ...]:
    """Return the groups that the program comes with, their words divided by commas."""
    text = resources.files(__package__).joinpath("synonyms.txt").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def origin_of(group: str) -> str:
    """Return the name under which a shipped group is known when it is edited: all of it, folded."""
    return "".join(word_term(word)[:12] for word in words(group))[:60]


def merged(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the groups that hold: the operator's, and what is shipped and was not replaced."""
    rows = list(rows)
    replaced = {row["origin"] for row in rows}
    kept = [group for group in shipped_groups() if origin_of(group) not in replaced]
    return kept + [row["words"] for row in rows if row["is_active"]]


class Thesaurus:
    """What may stand for a word or a phrase of a query."""

    def __init__(self, groups: Iterable[str]) -> None:
        self._terms: defaultdict[str, set[str]] = defaultdict(set)
        self._phrases: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._by_phrase: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        self._spelled: defaultdict[str, set[str]] = defaultdict(set)
        for group in groups:
            self._add(group)

    def slot(self, word: str) -> Slot:
        """Return the terms of a word of `analysis.words`, and loosely those of its synonyms."""
        found = frozenset(forms(word))
        return Slot(found, frozenset(self._terms.get(word_term(word), set())) - found)

    def of_term(self, term: str) -> set[str]:
        """Return a term and its synonyms."""
        return {term, *self._terms.get(term, ())}

    def near(self, word: str) -> list[str]:
        """Return the words of groups that share most three-letter pieces with a folded one."""
        shared = Counter(like for gram in grams(word) for like in self._spelled.get(gram, ()))
        return [like for like, _ in shared.most_common(MOST_NEAR)]

    def readings(self, written: Sequence[str]) -> list[list[Slot]]:
        """Return what a query may mean, as written first, then with phrases for words and back."""
        found = [[self.slot(word) for word in written]]
        stems = [word_term(word) for word in written]
        for start in range(len(stems)):
            for end in range(start + 2, min(start + 4, len(stems)) + 1):
                if terms := self._by_phrase.get(tuple(stems[start:end])):
                    short = Slot(frozenset(terms))
                    found.append([*found[0][:start], short, *found[0][end:]])
        for at, stem in enumerate(stems):
            for phrase in self._phrases.get(stem, ()):
                said = [self.slot(word) for word in phrase]
                found.append([*found[0][:at], *said, *found[0][at + 1 :]])
        return found[:MOST_READINGS]

    def _add(self, group: str) -> None:
        entries = [(entry, words(entry)) for entry in group.split(",")]
        single = {
            word_term(entry[0])
            for text, entry in entries
            if len(entry) == 1 and len(folded(text).split()) == 1
        }
        phrases = [tuple(entry) for _, entry in entries if len(entry) > 1]
        for _, entry in entries:
            if len(entry) == 1 and word_term(entry[0]) in single:
                for form in _forms(folded(entry[0])):
                    for gram in grams(form):
                        self._spelled[gram].add(form)
        for term in single:
            self._terms[term] |= single
            self._phrases[term] += phrases
        for phrase in phrases:
            self._by_phrase[tuple(map(word_term, phrase))] |= single


def _forms(word: str) -> tuple[str, str]:
    """Return a folded word and its plural."""
    return word, f"{word}s" if word[-1] in "aeiou" else f"{word}es"
