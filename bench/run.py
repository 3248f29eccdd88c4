"""One run of the benchmark: which shops are made, which servers run, what is sent to whom."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy.engine import URL

from bench import pgbench, plan, postgres, servers, stages, trace
from bench.load import get
from bench.report import Bar
from bench.servers import Server
from bench.shop import Shop
from bench.stages import LIST, PRICE_SORTED, Bench, Measured, Requests
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.migrations.run import upgrade
from mestore.operations.doctor import examine

PLANS = "plans.json"
SECRET = "a secret of the benchmark alone, of more than 32 characters"  # noqa: S105
SMALL = 1_000
HALF, FOUR_FIFTHS, TWO_FIFTHS = Bar(0.5), Bar(0.8), Bar(0.4)


def say(words: str) -> None:
    """Write a line for whoever waits."""
    print(words, flush=True)  # noqa: T201


class Run:
    """One run: a database server, a folder, and what is told meanwhile."""

    def __init__(self, pace: stages.Pace, postgresql: URL, folder: Path) -> None:
        self.bench = Bench(pace, self.tell)
        self.postgresql = postgresql
        self.folder = folder
        self.started = time.monotonic()
        self.ours: list[Server] = []

    def tell(self, words: str) -> None:
        """Say how far the run is."""
        say(f"{time.monotonic() - self.started:5.0f} s  {words}")

    def measure(self) -> list[Measured]:
        """Return all rows."""
        pace = self.bench.pace
        with self.shop(SMALL, 0) as (url, small), self.mestore(url, cache_seconds=0) as server:
            requests = Requests(small, SECRET)
            rows = self._against_the_limit(url, server, requests)
            rows += self._against_an_empty_answer(url, requests)
            with self.shop(pace.large, pace.large) as (large_url, large):
                rows += self._growth(server, requests, large_url, Requests(large, SECRET))
        return rows

    def _against_the_limit(self, url: URL, ours: Server, requests: Requests) -> list[Measured]:
        bench, details, orders = self.bench, requests.details(), requests.orders()
        plans = asyncio.run(self._trace(url, requests))
        environment = {
            "BENCH_DATABASE": postgres.plain(url),
            "BENCH_PLANS": str(self.folder / PLANS),
        }
        with servers.bare("bench.limit:app", environment, self.folder) as bare:
            paths = [LIST, *(request.split()[1] for request in details[:5])]
            stages.compare(ours, bare, paths, requests.basket(4), requests.token(2))
            rows = [
                bench.duel(name, ours, bare, sent, bar, status=status)
                for name, sent, bar, status in (
                    ("product list, uncached", [get(LIST)], HALF, 200),
                    ("product detail, uncached", details, HALF, 200),
                    ("order placed", orders, TWO_FIFTHS, 201),
                )
            ]
        asyncio.run(self._examine(url))
        self._show_pgbench(url, plans.order, requests)
        return rows

    def _show_pgbench(self, url: URL, order: plan.Plan, requests: Requests) -> None:
        """Show beside the row what pgbench makes of the order's statements, where it is there."""
        # So many that its clients seldom wait for each other's rows; each plan is made first.
        buyers = [requests.given(buyer, 7 * buyer) for buyer in range(32)]
        seconds = 2 * self.bench.pace.seconds
        rate = pgbench.measure(order, postgres.plain(url), buyers, self.folder, seconds)
        self.tell("  (no pgbench)" if rate is None else f"  pgbench alone: {rate:8,.0f}/s")

    def _against_an_empty_answer(self, url: URL, requests: Requests) -> list[Measured]:
        bench = self.bench
        with (
            self.mestore(url) as ours,
            servers.bare("bench.empty:app", {}, self.folder) as empty,
        ):
            # As many products as a cache keeps fresh: every answer is there after the lead-in.
            details = requests.details()[:100]
            rows = [
                bench.duel(name, ours, empty, sent, FOUR_FIFTHS, sent_to_limit=[get("/")])
                for name, sent in (
                    ("product list, cached", [get(LIST)]),
                    ("product detail, cached", details),
                )
            ]
            return rows + stages.budgets(self.ours)

    def _growth(
        self, small: Server, of_small: Requests, url: URL, of_large: Requests
    ) -> list[Measured]:
        bench = self.bench
        times = f"{bench.pace.large // SMALL} times the rows"
        with self.mestore(url, cache_seconds=0) as large:
            return [
                bench.growth(f"{name}, {times}", large, small, sent, status=status)
                for name, sent, status in (
                    ("list", ([get(LIST)], [get(LIST)]), 200),
                    ("detail", (of_large.details(), of_small.details()), 200),
                    ("list by price", ([get(PRICE_SORTED)], [get(PRICE_SORTED)]), 200),
                    ("list of a category", (of_large.shelves(), of_small.shelves()), 200),
                    ("order placed", (of_large.orders(), of_small.orders()), 201),
                )
            ]

    @contextmanager
    def shop(self, products: int, orders: int) -> Iterator[tuple[URL, Shop]]:
        """Make a database with a shop in it."""
        self.tell(f"a shop of {products:,} products and {orders:,} orders")
        shop = Shop(products, orders)
        with postgres.database(self.postgresql) as url:
            asyncio.run(fill(url, shop))
            yield url, shop

    @contextmanager
    def mestore(self, url: URL, cache_seconds: float | None = None) -> Iterator[Server]:
        """Run the program over a database."""
        environment = {
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "SECRET_KEY": SECRET,
        }
        if cache_seconds is not None:
            environment["CACHE_SECONDS"] = str(cache_seconds)
        with servers.mestore(environment, self.folder) as server:
            self.ours.append(server)
            yield server

    async def _trace(self, url: URL, requests: Requests) -> plan.Plans:
        """Write down what the program says for each request, for the bare program to repeat."""
        given = requests.given(0, 0)
        product = given["product_0"]
        async with trace.tracer(url, {"SECRET_KEY": SECRET}, self.folder) as tracer:
            page = await tracer.get(LIST)
            detail = await tracer.get(f"/api/v1/products/{product}")
            moment = now()
            order = await tracer.post(stages.ORDERS, requests.basket(0), requests.token(0))
        placed = msgspec.json.decode(order.body)
        results = {name: placed[name] for name in ("id", "order_number")}
        plans = plan.Plans(
            products=plan.plan_of(page.said, given={}, moment=moment),
            product=plan.plan_of(detail.said, given={"product": product}, moment=moment),
            order=plan.plan_of(
                order.said,
                given=given,
                moment=moment,
                fresh_text=placed["order_number"],
                results=results,
            ),
            total=requests.shop.products,
            placed=placed,
        )
        (self.folder / PLANS).write_bytes(msgspec.json.encode(plans))
        counts = [len(one.said) for one in (page, detail, order)]
        self.tell("statements of list, detail and order: {}, {}, {}".format(*counts))
        return plans

    async def _examine(self, url: URL) -> None:
        """Let the doctor look at what both programs have done."""
        database = Database(url.render_as_string(hide_password=False))
        try:
            async with database.read() as connection:
                findings = await examine(connection)
        finally:
            await database.close()
        self.tell("the doctor finds nothing" if not findings else f"the doctor: {findings[:5]}")


# Nobody searches in these shops, so the program need not build their index before it answers.
_BUILT = "INSERT INTO search_state (id, generation, built_to, counted_to) VALUES (1, 1, 0, '')"


async def fill(url: URL, shop: Shop) -> None:
    """Bring up the schema and write a shop."""
    database = Database(url.render_as_string(hide_password=False))
    try:
        await upgrade(database.writes)
    finally:
        await database.close()
    connection = await postgres.connect(postgres.plain(url))
    try:
        await shop.fill(connection)
        await connection.execute(_BUILT)
    finally:
        await connection.close()
