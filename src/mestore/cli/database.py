"""Commands around the database: migrate, seed, examine."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import typer
from sqlalchemy.exc import SQLAlchemyError

from mestore.bootstrap import App, build
from mestore.cli.console import fail, settings
from mestore.cli.seeding import sow
from mestore.kernel.clock import today_in_bogota
from mestore.kernel.db_errors import Fault, fault_of
from mestore.migrations.run import upgrade
from mestore.operations.doctor import examine
from mestore.payments.errors import GatewayUnavailable
from mestore.reconciliation.service import reconcile
from mestore.search.errors import VectorsUnavailable
from mestore.search.service import build_first, reindex


def with_app(work: Callable[[App], Awaitable[None]]) -> None:
    """Run `work` over the wired program; a database that does not answer is said by its address."""
    found = settings()

    async def run() -> None:
        app = build(found)
        try:
            await work(app)
        finally:
            await app.close()

    try:
        asyncio.run(run())
    except (SQLAlchemyError, OSError) as error:
        if fault_of(error) is not Fault.GONE:
            raise
        fail(f"The database does not answer: {error}", "Check DATABASE_URL and that it is running.")


def migrate() -> None:
    """Bring the database to the newest revision; a worker fills an index that it makes anew."""

    async def work(app: App) -> None:
        await upgrade(app.database.writes)
        await build_first(app.database)

    with_app(work)


def seed() -> None:
    """Migrate, then sow the sample catalogue into an empty database."""

    async def work(app: App) -> None:
        await upgrade(app.database.writes)
        if not await sow(app):
            typer.echo("There is a catalogue already; nothing was changed.")

    with_app(work)


def reindex_products() -> None:
    """Write the search index anew, and say how far it is."""

    async def work(app: App) -> None:
        def tell(number: int) -> None:
            typer.echo(f"\rproducts up to number {number}", nl=False)

        is_seen = sys.stdout.isatty()
        await reindex(app.database, tell if is_seen else None)
        typer.echo("\nThe new index is in use." if is_seen else "The new index is in use.")
        if app.vectors is None:
            return
        try:
            await app.vectors.rebuild(tell if is_seen else None)
        except VectorsUnavailable as error:
            fail(
                f"The vectors could not be made: {error.details['reason']}.",
                "Check CHROMA_* and EMBEDDINGS_*, then run this again: it goes on where it was.",
            )
        typer.echo("\nThe new vectors are in use." if is_seen else "The new vectors are in use.")

    with_app(work)


def doctor() -> None:
    """Examine the database and say what disagrees."""

    async def work(app: App) -> None:
        async with app.database.read() as connection:
            findings = await examine(connection)
        if findings:
            fail(f"{len(findings)} disagreements:", *(f"  {finding}" for finding in findings))
        typer.echo("Stock, orders, payments, commissions and ledger agree; the audit log is whole.")

    with_app(work)


def reconcile_day(day: date | None) -> None:
    """Compare a day of every gateway with payments and ledger, and say what disagrees."""
    wanted = day or today_in_bogota() - timedelta(days=1)

    async def work(app: App) -> None:
        left = 0
        for gateway in app.gateways:
            try:
                result = await reconcile(app.outside, gateway, wanted)
            except GatewayUnavailable:
                typer.echo(f"{gateway} {wanted}: does not answer; run this again later")
                left += 1
                continue
            left += result.open_differences
            typer.echo(
                f"{gateway} {wanted}: {result.state.value}, {result.matched} matched, "
                f"{result.open_differences} open differences"
            )
        if left:
            fail("Not everything agrees. GET /api/v1/admin/reconciliation lists the differences.")

    with_app(work)
