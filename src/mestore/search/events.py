"""What search tells the other rooms."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class Searched(Event):
    """A signed-in user looked for something; told within seconds, once a search of its first page.

    `text` is as it was typed, at most 200 letters. `filters` has only what was chosen, as the query
    string names it: category, brand, vendor, min_price, max_price, min_rating, in_stock, sort.
    `results` is how many products matched. `at` is ISO 8601 in UTC.
    """

    user_id: UUID
    text: str
    filters: dict[str, Any]
    results: int
    at: str
