"""Commands around the running program: serve, work, check its settings, describe its API."""

import asyncio
import json
import os
import socket
from pathlib import Path

import typer
import uvicorn

from mestore import worker
from mestore.bootstrap import build
from mestore.cli.console import fail, settings
from mestore.cli.database import migrate
from mestore.main import create_app


def serve(host: str, port: int, workers: int, *, with_jobs: bool) -> None:
    """Migrate, then listen until interrupted."""
    migrate()
    check_port(host, port)
    os.environ["JOBS_IN_SERVER"] = str(with_jobs).lower()
    typer.echo(f"MeStore listens on http://{host}:{port} (API document: /api/v1/docs)")
    uvicorn.run(
        "mestore.main:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=20,
    )


def check_port(host: str, port: int) -> None:
    """Leave with a hint where another program has the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            fail(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port (--help).")


def work() -> None:
    """Run jobs until interrupted."""
    settings()
    asyncio.run(worker.run())


def check_environment() -> None:
    """Say that the environment can be used; what cannot was said by `settings`."""
    found = settings()
    typer.echo(f"The settings are good for {found.environment.value}.")


def export_openapi(output: Path | None) -> None:
    """Write the API document."""
    found = settings()
    document = create_app(build(found)).openapi()
    text = json.dumps(document, ensure_ascii=False, indent=1)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
