"""How well and how fast the program searches: `make bench-search`, `ARGS=--speed` for the speed.

Judged queries over the sample catalogue, on SQLite and PostgreSQL: the mean reciprocal rank of the
first right answer and nDCG, both of the first ten, and how many queries found nothing. The queries
of each kind are halved: `tune` may be looked at while the program is worked on, `held out` not.
"""

import argparse
import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from uuid import UUID

from sqlalchemy import String, Uuid, column, select, table

from bench.run import say
from mestore import bootstrap
from mestore.cli.sample.catalog import load_catalog
from mestore.cli.seeding import sow_rows
from mestore.kernel.db import Database
from mestore.search.service import find_alike, reindex
from mestore.search.types import SearchQuery
from mestore.settings import Environment, Settings
from tests import engines

JUDGED = Path(__file__).parent / "queries" / "spanish.tsv"
FIRST = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A query and the products (SKU: 2 right, 1 partly right) that answer it."""

    kind: str
    text: str
    answers: dict[str, int]
    half: str


@dataclass(frozen=True, slots=True)
class Score:
    """What one query scored, and the first products that it found."""

    judged: Judged
    reciprocal_rank: float
    ndcg: float
    found: list[str]
    relaxed: str | None


def judged_queries() -> list[Judged]:
    """Read the judged queries; every second one of a kind is held out."""
    by_place = {
        f"{sku.split('-')[0]}-{int(sku.rsplit('-', 1)[1])}": sku
        for sku in (product.sku for product in load_catalog().products)
    }
    found: list[Judged] = []
    seen: defaultdict[str, int] = defaultdict(int)
    for line in JUDGED.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, text, answers = line.split("\t")
        seen[kind] += 1
        grades = {}
        for answer in answers.split():
            place, _, grade = answer.partition("=")
            grades[by_place[place]] = int(grade or 2)
        found.append(Judged(kind, text, grades, "tune" if seen[kind] % 2 else "held out"))
    return found


def scored(judged: Judged, found: Sequence[str], relaxed: str | None) -> Score:
    """Return what a query scores with the SKUs that it found."""
    first = [judged.answers.get(sku, 0) for sku in found[:FIRST]]
    rank = next((1 / place for place, grade in enumerate(first, 1) if grade), 0.0)
    best = sorted(judged.answers.values(), reverse=True)[:FIRST]
    return Score(judged, rank, _gain(first) / _gain(best), list(found[:FIRST]), relaxed)


def _gain(grades: Iterable[int]) -> float:
    return sum(float(2**grade - 1) / log2(place + 1) for place, grade in enumerate(grades, 1))


async def measure(url: str, folder: Path, *, is_semantic: bool = False) -> list[Score]:
    """Sow the sample catalogue into an empty database and ask every query.

    `is_semantic` searches by meaning too: with what CHROMA_* and EMBEDDINGS_* say, else with the
    default embedder and a Chroma of its own.
    """
    chroma = {"chroma_dir": folder / "chroma"} if not os.environ.get("CHROMA_URL") else {}
    settings = Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=url,
        data_dir=folder,
        **(chroma if is_semantic else {"chroma_url": None}),
        semantic_milliseconds=5000,
    )
    app = bootstrap.build(settings)
    try:
        async with app.database.transaction() as tx:
            await sow_rows(tx, app.opening_stock, "nobody signs in with it")
        await reindex(app.database)
        if app.vectors is not None:
            await app.vectors.rebuild()
        skus = await _skus(app.database)
        scores = []
        for judged in judged_queries():
            query = SearchQuery(q=judged.text)
            found = await find_alike(app.database, app.vectors, query, "relevance", (0, FIRST))
            names = [skus[hit.id] for hit in found.hits]
            scores.append(scored(judged, names, found.relaxed))
        return scores
    finally:
        await app.close()


async def _skus(database: Database) -> dict[UUID, str]:
    products = table("products", column("id", Uuid), column("sku", String))
    rows = await database.rows(select(products.c.id, products.c.sku), {})
    return {row[0]: row[1] for row in rows}


def report(engine: str, scores: Sequence[Score]) -> None:
    """Print a line a kind, and the halves."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.judged.kind].append(score)
    for half in ("tune", "held out"):
        groups[half] = [score for score in scores if score.judged.half == half]
    groups["all"] = list(scores)
    say(f"\n{engine:<12} {'queries':>8} {'MRR@10':>8} {'nDCG@10':>8} {'nothing':>8}")
    for name, group in groups.items():
        count = len(group)
        rank = sum(score.reciprocal_rank for score in group) / count
        gain = sum(score.ndcg for score in group) / count
        nothing = sum(not score.found for score in group) / count
        say(f"{name:<12} {count:>8} {rank:>8.3f} {gain:>8.3f} {nothing:>8.1%}")


def main() -> None:
    """Ask the judged queries on both engines and print what they scored."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--failures", action="store_true", help="show the `tune` queries that miss")
    parser.add_argument("--semantic", action="store_true", help="by meaning too, beside without")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mestore-search-") as name:
        folder = Path(name)
        with engines.sqlite_template(folder) as template:
            url = engines.copy_of(template, folder).render_as_string(hide_password=False)
            scores = asyncio.run(measure(url, folder))
            report("sqlite", scores)
            if asked.semantic:
                url = engines.copy_of(template, folder).render_as_string(hide_password=False)
                scores = asyncio.run(measure(url, folder, is_semantic=True))
                report("semantic", scores)
        for score in scores if asked.failures else ():
            if score.reciprocal_rank < 1 and score.judged.half == "tune":
                judged = score.judged
                say(f"{judged.kind}: {judged.text} {score.relaxed}: {score.found[:4]}")
        with (
            engines.postgres_server("bench-search") as server,
            engines.full_database(server) as at,
        ):
            report(
                "postgres",
                asyncio.run(measure(at.url.render_as_string(hide_password=False), folder)),
            )


if __name__ == "__main__":
    main()
