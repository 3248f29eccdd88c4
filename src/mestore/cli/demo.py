"""The demonstration: everything in one process tree on an embedded database."""

import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

import typer

from mestore.cli import database, server, simulators
from mestore.cli.console import settings
from mestore.cli.purchase import ADMIN, BUYER, PASSWORD, purchase
from mestore.settings import Settings

_READY_WITHIN_SECONDS = 60


def run(port: int, simulator_port: int, sms_port: int) -> None:
    """Migrate, seed, start the simulators, serve, and print a purchase to try."""
    os.environ["BASE_URL"] = f"http://127.0.0.1:{port}"
    os.environ["WOMPI_BASE_URL"] = f"http://127.0.0.1:{simulator_port}/v1"
    os.environ["TWILIO_BASE_URL"] = f"http://127.0.0.1:{sms_port}"
    os.environ.update(simulators.SMS_ACCOUNT)
    for needed in (port, simulator_port, sms_port):
        server.check_port("127.0.0.1", needed)
    found = settings()
    typer.echo("Preparing the database and the sample catalogue …")
    database.seed()
    started = [
        simulators.start(found, simulator_port, None),
        simulators.start_sms(found, sms_port),
    ]
    # Without this a SIGTERM ends us at once, and the simulators keep their ports.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        threading.Thread(target=_welcome, args=(found,), daemon=True).start()
        server.serve("127.0.0.1", port, 1, with_jobs=True)
    finally:
        for simulator in started:
            simulator.terminate()
        for simulator in started:
            simulator.wait()


def _welcome(found: Settings) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{found.base_url}/health", timeout=1).close()  # noqa: S310
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
            continue
        typer.echo(_words(found))
        return


def _words(found: Settings) -> str:
    return f"""
MeStore runs at {found.base_url}  (API document: {found.base_url}/api/v1/docs)
Mails are written to {found.mail}, SMS kept at {found.twilio_base_url}/_control/messages

Sample accounts, all with the password {PASSWORD}:
  buyer   {BUYER}
  admin   {ADMIN}   (sign in at /api/v1/auth/admin-login)
  vendor  vendedor1@example.com … vendedor10@example.com

A purchase to paste into another terminal:

{purchase(found.base_url)}

Ctrl-C stops everything.
"""
