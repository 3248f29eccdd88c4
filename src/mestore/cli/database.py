"""Commands around the database: migrate, seed, examine."""

import asyncio
from collections.abc import Awaitable, Callable

import typer
from sqlalchemy.exc import SQLAlchemyError

from mestore.bootstrap import App, build
from mestore.cli.console import fail, settings
from mestore.cli.seeding import sow
from mestore.kernel.db_errors import Fault, fault_of
from mestore.migrations.run import upgrade
from mestore.operations.doctor import examine


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
    """Bring the database to the newest revision."""
    with_app(lambda app: upgrade(app.database.writes))


def seed() -> None:
    """Migrate, then sow the sample catalogue into an empty database."""

    async def work(app: App) -> None:
        await upgrade(app.database.writes)
        if not await sow(app):
            typer.echo("There is a catalogue already; nothing was changed.")

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
