"""The `mestore` command and its options."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mestore.cli import database, demo, people, server, simulators

app = typer.Typer(
    help="MeStore: a multi-vendor marketplace backend for Colombia.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]
FirstPort = Annotated[
    int, typer.Option(min=1, max=65529, help="The first of seven ports for the stand-ins.")
]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
    jobs: Annotated[bool, typer.Option(help="Run jobs inside the server.")] = True,
) -> None:
    """Migrate the database, then serve the API and run its jobs."""
    server.serve(host, port, workers, with_jobs=jobs)


@app.command()
def worker() -> None:
    """Run jobs in a process of their own."""
    server.work()


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    database.migrate()


@app.command()
def seed() -> None:
    """Fill an empty database with a sample catalogue."""
    database.seed()


@app.command("demo")
def run_demo(port: Port = 8000, simulator_port: FirstPort = 8010) -> None:
    """Migrate, seed, start the simulators and the server, and print a purchase to try."""
    demo.run(port, simulators.Ports(simulator_port))


@app.command()
def simulate(
    port: FirstPort = 8010,
    events_url: Annotated[str | None, typer.Option(help="Where Wompi's events go.")] = None,
) -> None:
    """Run the stand-ins of payment gateways, of the SMS provider and of Cloudinary."""
    simulators.run(simulators.Ports(port), events_url)


@app.command("create-admin")
def create_admin(
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="At least 8."),
    ],
    superuser: Annotated[bool, typer.Option(help="Make a SUPERUSER.")] = False,
) -> None:
    """Add an ADMIN, or a SUPERUSER."""
    people.create_admin(email, password, superuser=superuser)


@app.command("reset-mfa")
def reset_mfa(
    email: Annotated[str, typer.Option(help="The e-mail address of the account.")],
) -> None:
    """Take app, backup codes and passkeys of an account away, for who lost them."""
    people.reset_mfa(email)


@app.command("check-env")
def check_env() -> None:
    """Say what is missing or wrong in the environment, and how to set it."""
    server.check_environment()


@app.command()
def reindex() -> None:
    """Write the search index and the vectors anew; the shop may go on meanwhile."""
    database.reindex_products()


@app.command()
def doctor() -> None:
    """Prove that stock, orders, payments and ledger agree; exit 1 where they do not."""
    database.doctor()


@app.command()
def reconcile(
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="A day in Bogotá; yesterday if left out."
        ),
    ] = None,
) -> None:
    """Compare a day of every gateway with payments and ledger; exit 1 where they disagree."""
    database.reconcile_day(day.date() if day else None)


@app.command("export-openapi")
def export_openapi(
    output: Annotated[
        Path | None, typer.Option(help="A file; standard output if left out.")
    ] = None,
) -> None:
    """Write the API document as JSON."""
    server.export_openapi(output)


def main() -> None:
    """Run the command."""
    app()
