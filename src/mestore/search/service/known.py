"""What every search needs and seldom changes, kept in process: synonyms and names of categories."""

from collections.abc import Iterable

from mestore.kernel.db import Database
from mestore.kernel.remembered import Remembered
from mestore.search.thesaurus import Thesaurus, merged
from mestore.search.types import CategoryLabel
from mestore.search.views.labels import category_labels
from mestore.search.views.words import synonym_groups

SECONDS = 30.0
"""How far a process may be behind a change that another one made."""


class Known:
    """What is kept for one database; a change made in this process is seen at once."""

    def __init__(self, database: Database) -> None:
        async def thesaurus() -> Thesaurus:
            return Thesaurus(merged(await synonym_groups(database)))

        async def categories() -> dict[str, CategoryLabel]:
            return {str(label.number): label for label in await category_labels(database)}

        self.thesaurus = Remembered(thesaurus, seconds=SECONDS)
        self.categories = Remembered(categories, seconds=SECONDS)

    def touch(self, tags: Iterable[str]) -> None:
        """Let go of what a commit changed."""
        changed = set(tags)
        if "synonyms" in changed:
            self.thesaurus.expire()
        if "categories" in changed:
            self.categories.expire()
