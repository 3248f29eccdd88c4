"""How long searching takes: `python -m bench.search_speed 1000 1000000`, or `sqlite:100000`.

Every kind of request is sent to the whole program, one after the other, no answer kept; its queries
are made of words of the shop itself. The shops are those of `bench.search_load`.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import FastAPI
from sqlalchemy import text

from bench.load import quantile
from bench.run import say
from bench.search_load import address
from mestore import bootstrap
from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.main import create_app
from mestore.settings import Environment, Settings

EACH = 200
WARM = 100
TRIES = 3
"""A request is sent so often: a shared machine now and then holds one up."""
Requests = Mapping[str, list[str]]


class Words:
    """Words of a shop: common ones, rare ones, and names of products."""

    def __init__(
        self, common: list[str], rare: list[str], names: list[str], brands: list[str]
    ) -> None:
        self.common = common
        self.rare = rare
        self.names = [name.split() for name in names]
        self.brands = brands
        self.chance = random.Random(7)  # noqa: S311  the same queries each time

    def requests(self) -> Requests:
        """Return the paths of every kind of request."""
        make: dict[str, Callable[[], str]] = {
            "list": lambda: f"/products?page={self.chance.randint(1, 20)}",
            "rare word": lambda: _search(q=self._one(self.rare)),
            "common word": lambda: _search(q=self._one(self.common)),
            "two words": lambda: _search(q=" ".join(self._of_name(2))),
            "two common words": lambda: _search(q=" ".join(self.chance.sample(self.common, 2))),
            "four words": lambda: _search(q=" ".join(self._of_name(4))),
            "misspelt": lambda: _search(q=self._misspelt()),
            "common, filtered": lambda: _search(
                q=self._one(self.common), brand=self._one(self.brands), in_stock="true"
            ),
            "common, by price": lambda: _search(q=self._one(self.common), sort="price"),
            "nothing found": lambda: _search(q=f"{self._one(self.rare)} {self._one(self.rare)}"),
            "browsed": lambda: _search(min_price=str(self.chance.randint(1, 90) * 1000)),
            "two letters": lambda: _suggest(self._one(self.rare)[:2]),
            "three letters": lambda: _suggest(self._one(self.common)[:3]),
            "begun": lambda: _suggest(self._begun()),
        }
        return {kind: [one() for _ in range(EACH)] for kind, one in make.items()}

    def _one(self, words: Sequence[str]) -> str:
        return self.chance.choice(words)

    def _of_name(self, count: int) -> list[str]:
        name = self._one_name()
        return [name[0], *self.chance.sample(name[1:-1], min(count - 1, len(name) - 2))]

    def _one_name(self) -> list[str]:
        return self.chance.choice(self.names)

    def _misspelt(self) -> str:
        word = self._one([each for each in self.rare if len(each) > 6] or self.common)
        at = self.chance.randint(1, len(word) - 2)
        return word[:at] + word[at + 1 :]

    def _begun(self) -> str:
        name = self._of_name(2)
        return f"{name[0]} {name[1][:3]}"


def _search(**query: str) -> str:
    return f"/products/search?{urlencode(query)}"


def _suggest(begun: str) -> str:
    return f"/products/suggestions?{urlencode({'q': begun})}"


async def words_of(database: Database) -> Words:
    """Read words of a shop."""

    async def column(statement: str) -> list[str]:
        async with database.read() as connection:
            return [str(row[0]) for row in await connection.execute(text(statement))]

    long = "length(word) > 3"
    return Words(
        await column(f"SELECT word FROM search_words WHERE {long} ORDER BY uses DESC LIMIT 30"),  # noqa: S608
        await column(
            f"SELECT word FROM search_words WHERE {long} AND uses <= "  # noqa: S608
            "(SELECT avg(uses) FROM search_words) ORDER BY word LIMIT 3000"
        ),
        await column("SELECT name FROM products WHERE number % 7 = 0 ORDER BY number LIMIT 2000"),
        await column("SELECT DISTINCT brand_key FROM products WHERE number < 300"),
    )


async def _get(api: Any, path: str) -> float:  # noqa: ANN401  any ASGI program
    """Send a GET to an ASGI program and return how many milliseconds the answer took."""
    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1{route}",
        "raw_path": f"/api/v1{route}".encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"bench")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    start = time.perf_counter()
    await api(scope, receive, send)
    took = (time.perf_counter() - start) * 1000
    if status != 200:
        raise RuntimeError(f"{path} answered {status}")
    return took


@dataclass(slots=True)
class Shop:
    """A program over one shop, and what it is asked."""

    name: str
    app: App
    api: FastAPI
    requests: Requests


async def opened(name: str, url: str, folder: Path) -> Shop:
    """Wire the program over a shop."""
    settings = Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=url,
        data_dir=folder,
        cache_seconds=0,
    )
    app = bootstrap.build(settings)
    api = create_app(app, with_jobs=False)
    return Shop(name, app, api, (await words_of(app.database)).requests())


async def measure(urls: Mapping[str, str], folder: Path, each: int) -> dict[str, dict[str, float]]:
    """Return the p95 in milliseconds by shop and kind of request, and of an address's kinds."""
    shops = [await opened(name, url, folder) for name, url in urls.items()]
    took: dict[str, dict[str, list[float]]] = {shop.name: {} for shop in shops}
    try:
        for kind in shops[0].requests:
            times = await _in_turns(shops, kind, each)
            for shop, milliseconds in zip(shops, times, strict=True):
                took[shop.name][kind] = milliseconds
            cells = [f"{quantile(ms, 0.5):8.2f} /{quantile(ms, 0.95):8.2f}" for ms in times]
            say(f"  {kind:<18}" + "  ".join(cells))
    finally:
        for shop in shops:
            await shop.app.close()
    return {shop.name: _p95(shop.requests, took[shop.name]) for shop in shops}


async def _in_turns(shops: Sequence[Shop], kind: str, each: int) -> list[list[float]]:
    """Return how long every request of a kind took in each shop; the quickest of `TRIES` counts.

    The shops are asked in turns, so that what else the machine does slows all of them alike.
    """
    took: list[list[float]] = [[] for _ in shops]
    for at in range(-WARM, each):
        tries = [
            [await _get(shop.api, shop.requests[kind][at]) for shop in shops]
            for _ in range(TRIES if at >= 0 else 1)
        ]
        if at >= 0:
            for times, milliseconds in zip(took, zip(*tries, strict=True), strict=True):
                times.append(min(milliseconds))
    return took


def _p95(requests: Requests, took: Mapping[str, list[float]]) -> dict[str, float]:
    found = {kind: quantile(times, 0.95) for kind, times in took.items()}
    for name, route in (("search", "/products/search"), ("suggestion", "/products/suggestions")):
        pooled = [
            milliseconds
            for kind, times in took.items()
            for milliseconds in times
            if requests[kind][0].partition("?")[0] == route
        ]
        found[f"every {name}"] = quantile(pooled, 0.95)
    return found


def main() -> None:
    """Measure every shop that is named, and compare each with the first."""
    parser = argparse.ArgumentParser(prog="python -m bench.search_speed", description=__doc__)
    parser.add_argument("shops", nargs="*", default=["1000", "100000"])
    parser.add_argument("--each", type=int, default=EACH, help="requests of a kind")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    urls = {shop: address(shop).render_as_string(hide_password=False) for shop in asked.shops}
    say("p50 / p95 in ms of " + ", ".join(asked.shops))
    with tempfile.TemporaryDirectory(prefix="mestore-search-") as name:
        results = asyncio.run(measure(urls, Path(name), min(EACH, asked.each)))
    say(f"\n{'p95 in ms':<18}" + "".join(f"{shop:>16}" for shop in results))
    first = results[asked.shops[0]]
    for kind in first:
        cells = [
            f"{found[kind]:8.2f} ({found[kind] / first[kind]:4.2f})" for found in results.values()
        ]
        say(f"{kind:<18}" + "".join(f"{cell:>16}" for cell in cells))
    if asked.json:
        asked.json.write_bytes(msgspec.json.encode(results))


if __name__ == "__main__":
    main()
