"""Names as long as they may be, in any letters."""

import httpx2
import pytest

from tests.build import Build
from tests.catalog.bodies import names


@pytest.mark.parametrize("letter", ["ñ", "漢", "🎉", '"'])
async def test_a_list_goes_on_after_the_longest_name(
    client: httpx2.AsyncClient, build: Build, letter: str
) -> None:
    vendor = await build.vendor()
    written = [letter * 499 + end for end in "abc"]
    for name in written:
        await build.product(vendor=vendor, name=name)
    query = {"sort": "name", "per_page": "1"}
    seen, cursor = [], None
    while True:
        page = await client.get("/products", params=query | ({"cursor": cursor} if cursor else {}))
        seen += names(page)
        cursor = page.json()["pagination"]["next"]
        if cursor is None:
            break
    assert seen == written
