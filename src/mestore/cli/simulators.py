"""Runs the stand-ins of Wompi and Twilio: separate programs, spoken to over HTTP."""

import os
import subprocess
import sys

from mestore.cli.console import settings
from mestore.settings import Settings

SMS_ACCOUNT = {
    "TWILIO_ACCOUNT_SID": "ACmestoresimulator",
    "TWILIO_AUTH_TOKEN": "mestore_simulator_token",
    "TWILIO_FROM": "+573000000000",
}
"""An account as the stand-in of Twilio takes it."""


def run(port: int, sms_port: int, events_url: str | None) -> None:
    """Run the simulators until interrupted."""
    found = settings()
    with start(found, port, events_url) as wompi, start_sms(found, sms_port) as twilio:
        try:
            wompi.wait()
        except KeyboardInterrupt:
            wompi.terminate()
        finally:
            twilio.terminate()


def start_sms(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the Twilio stand-in as a process, with the account that the settings have."""
    account = dict(SMS_ACCOUNT)
    if found.twilio_account_sid and found.twilio_auth_token:
        account["TWILIO_ACCOUNT_SID"] = found.twilio_account_sid
        account["TWILIO_AUTH_TOKEN"] = found.twilio_auth_token.get_secret_value()
    command = [sys.executable, "-m", "simulators.twilio", "--port", str(port)]
    return subprocess.Popen(command, env={**os.environ, **account})  # noqa: S603  our own program


def start(found: Settings, port: int, events_url: str | None) -> subprocess.Popen[bytes]:
    """Start the Wompi stand-in as a process, with the keys that the settings have."""
    target = events_url or f"{found.base_url}/api/v1/payments/webhook"
    keys = {
        "WOMPI_PUBLIC_KEY": found.wompi_public_key,
        "WOMPI_PRIVATE_KEY": found.wompi_private_key.get_secret_value(),
        "WOMPI_EVENTS_SECRET": found.wompi_events_secret.get_secret_value(),
        "WOMPI_INTEGRITY_SECRET": found.wompi_integrity_secret.get_secret_value(),
    }
    command = [sys.executable, "-m", "simulators.wompi", "--port", str(port)]
    return subprocess.Popen(  # noqa: S603  our own program
        [*command, "--events-url", target], env={**os.environ, **keys}
    )
