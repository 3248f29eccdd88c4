"""Runs the stand-ins of the payment gateways: separate programs, spoken to over HTTP."""

import os
import subprocess
import sys

from mestore.cli.console import settings
from mestore.settings import Settings


def run(port: int, events_url: str | None) -> None:
    """Run the simulators until interrupted."""
    with start(settings(), port, events_url) as process:
        try:
            process.wait()
        except KeyboardInterrupt:
            process.terminate()


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
