"""The demonstration: everything in one process tree on an embedded database."""

import os
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


def run(port: int, ports: simulators.Ports) -> None:
    """Migrate, seed, start the simulators, serve, and print a purchase to try."""
    os.environ.update(_addresses(port, ports) | simulators.SMS_ACCOUNT | simulators.PAYOUTS_ACCOUNT)
    for needed in (port, *ports.all()):
        server.check_port("127.0.0.1", needed)
    found = settings()
    typer.echo("Preparing the database and the sample catalogue …")
    database.seed()
    simulators.exit_on_sigterm()
    started = simulators.start_all(found, ports)
    try:
        threading.Thread(target=_welcome, args=(found, ports), daemon=True).start()
        server.serve("127.0.0.1", port, 1, with_jobs=True)
    finally:
        simulators.stop_all(started)


def _addresses(port: int, ports: simulators.Ports) -> dict[str, str]:
    return {
        "BASE_URL": f"http://127.0.0.1:{port}",
        "WOMPI_BASE_URL": f"http://127.0.0.1:{ports.wompi}/v1",
        "TWILIO_BASE_URL": f"http://127.0.0.1:{ports.sms}",
        "STRIPE_BASE_URL": f"http://127.0.0.1:{ports.stripe}",
        "PAYU_BASE_URL": f"http://127.0.0.1:{ports.payu}",
        "WOMPI_PAYOUTS_BASE_URL": f"http://127.0.0.1:{ports.payouts}/v1",
    }


def _welcome(found: Settings, ports: simulators.Ports) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{found.base_url}/health", timeout=1).close()  # noqa: S310
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
            continue
        typer.echo(_words(found, ports))
        return


def _words(found: Settings, ports: simulators.Ports) -> str:
    return f"""
MeStore runs at {found.base_url}  (API document: {found.base_url}/api/v1/docs)
Mails are written to {found.mail}, SMS kept at {found.twilio_base_url}/_control/messages

Ways to pay, by "payment_method" and "gateway" of /payments/process (the first gateway if left out):
  wompi   Nequi 3991111111 approves; cash by BANCOLOMBIA_COLLECT is paid at
          http://127.0.0.1:{ports.wompi}/bank/TRANSACTION_ID
  stripe  CARD with a token of docs.stripe.com/testing: pm_card_visa, pm_card_threeDSecure2Required
  payu    CARD with "token": "token-approved", "card_brand": "VISA"; cash is paid at the
          receipt_url, Nequi at http://127.0.0.1:{ports.payu}/pay/ and the transaction_id after its
          first dash
  efecty  EFECTY; a voucher is paid by a POST of {{"reference": "…"}} to
          http://127.0.0.1:{ports.efecty}/payments

Sample accounts, all with the password {PASSWORD}:
  buyer   {BUYER}
  admin   {ADMIN}   (sign in at /api/v1/auth/admin-login)
  vendor  vendedor1@example.com … vendedor10@example.com

A purchase to paste into another terminal:

{purchase(found.base_url)}

Ctrl-C stops everything.
"""
