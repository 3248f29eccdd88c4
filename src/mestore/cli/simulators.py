"""Runs the stand-ins of providers: separate programs, spoken to over HTTP."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from mestore.cli.console import settings
from mestore.settings import Settings

SMS_ACCOUNT = {
    "TWILIO_ACCOUNT_SID": "ACmestoresimulator",
    "TWILIO_AUTH_TOKEN": "mestore_simulator_token",
    "TWILIO_FROM": "+573000000000",
}
"""An account as the stand-in of Twilio takes it."""


PAYOUTS_ACCOUNT = {
    "WOMPI_PAYOUTS_API_KEY": "payouts_mestore_simulator",
    "WOMPI_PAYOUTS_USER_PRINCIPAL_ID": "00000000-0000-4000-8000-000000000015",
    "WOMPI_PAYOUTS_EVENTS_SECRET": "payouts_events_mestore_simulator",
    "WOMPI_PAYOUTS_ACCOUNT_ID": "00000000-0000-4000-8000-000000000016",
}
"""An account as the stand-in of Wompi payouts takes it."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the stand-ins listen: one beside the other, from the first on."""

    wompi: int = 8010

    @property
    def sms(self) -> int:
        """The port of Twilio's."""
        return self.wompi + 1

    @property
    def stripe(self) -> int:
        """The port of Stripe's."""
        return self.wompi + 2

    @property
    def payu(self) -> int:
        """The port of PayU's."""
        return self.wompi + 3

    @property
    def efecty(self) -> int:
        """The port of Efecty's counters."""
        return self.wompi + 4

    @property
    def payouts(self) -> int:
        """The port of Wompi payouts'."""
        return self.wompi + 5

    @property
    def cloudinary(self) -> int:
        """The port of Cloudinary's."""
        return self.wompi + 6

    def all(self) -> range:
        """Return every port."""
        return range(self.wompi, self.cloudinary + 1)


def run(ports: Ports, events_url: str | None) -> None:
    """Run the simulators until interrupted."""
    exit_on_sigterm()
    started = start_all(settings(), ports, events_url)
    try:
        started[0].wait()
    except KeyboardInterrupt:
        pass
    finally:
        stop_all(started)


def start_all(
    found: Settings, ports: Ports, events_url: str | None = None
) -> list[subprocess.Popen[bytes]]:
    """Start every stand-in."""
    return [
        start(found, ports.wompi, events_url),
        start_sms(found, ports.sms),
        start_stripe(found, ports.stripe),
        start_payu(found, ports.payu),
        start_efecty(found, ports.efecty),
        start_payouts(found, ports.payouts),
        start_cloudinary(found, ports.cloudinary),
    ]


def exit_on_sigterm() -> None:
    """Let a SIGTERM pass through `finally`: by itself it ends us at once, and not the stand-ins."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def stop_all(started: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the stand-ins and wait for them, so that their ports are free."""
    for simulator in started:
        simulator.terminate()
    for simulator in started:
        simulator.wait()


def start(found: Settings, port: int, events_url: str | None) -> subprocess.Popen[bytes]:
    """Start the Wompi stand-in as a process, with the keys that the settings have."""
    keys = {
        "WOMPI_PUBLIC_KEY": found.wompi_public_key,
        "WOMPI_PRIVATE_KEY": found.wompi_private_key.get_secret_value(),
        "WOMPI_EVENTS_SECRET": found.wompi_events_secret.get_secret_value(),
        "WOMPI_INTEGRITY_SECRET": found.wompi_integrity_secret.get_secret_value(),
    }
    target = events_url or f"{found.base_url}/api/v1/payments/webhook"
    return _program("wompi", port, keys, "--events-url", target)


def start_sms(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the Twilio stand-in as a process, with the account that the settings have."""
    account = dict(SMS_ACCOUNT)
    if found.twilio_account_sid and found.twilio_auth_token:
        account["TWILIO_ACCOUNT_SID"] = found.twilio_account_sid
        account["TWILIO_AUTH_TOKEN"] = found.twilio_auth_token.get_secret_value()
    return _program("twilio", port, account)


def start_stripe(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the Stripe stand-in as a process, with the keys that the settings have."""
    account = found.stripe_account(is_development=True)
    keys = {}
    if account is not None:
        keys = {"STRIPE_SECRET_KEY": account.secret, "STRIPE_WEBHOOK_SECRET": account.webhook}
    target = f"{found.base_url}/api/v1/payments/webhook/stripe"
    return _program("stripe", port, keys, "--events-url", target)


def start_payu(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the PayU stand-in as a process, with the account that the settings have."""
    keys = found.payu_keys(is_development=True)
    account: dict[str, str] = {"PAYU_SIGNATURE_ALGORITHM": found.payu_signature_algorithm}
    if keys is not None:
        account |= {f"PAYU_{name.upper()}": value for name, value in asdict(keys).items()}
    return _program("payu", port, account)


def start_efecty(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the stand-in of Efecty's counters as a process, with the agreement of the settings."""
    agreement = {
        "EFECTY_CONVENIO": found.efecty_convenio,
        "EFECTY_SECRET": found.efecty_key(is_development=True) or "",
    }
    target = f"{found.base_url}/api/v1/payments/efecty"
    return _program("efecty", port, agreement, "--shop-url", target)


def start_payouts(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the stand-in of Wompi payouts as a process, with the keys that the settings have."""
    given = {
        "WOMPI_PAYOUTS_API_KEY": found.wompi_payouts_api_key,
        "WOMPI_PAYOUTS_EVENTS_SECRET": found.wompi_payouts_events_secret,
    }
    keys = {name: key.get_secret_value() for name, key in given.items() if key}
    ids = {
        "WOMPI_PAYOUTS_USER_PRINCIPAL_ID": found.wompi_payouts_user_principal_id,
        "WOMPI_PAYOUTS_ACCOUNT_ID": found.wompi_payouts_account_id,
    }
    keys |= {name: text for name, text in ids.items() if text}
    target = f"{found.base_url}/api/v1/payouts/webhook/wompi"
    return _program("wompi_payouts", port, PAYOUTS_ACCOUNT | keys, "--events-url", target)


def start_cloudinary(found: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start the Cloudinary stand-in as a process, with the account that the settings have."""
    secret = found.cloudinary_api_secret
    account = {
        "CLOUDINARY_CLOUD_NAME": found.cloudinary_cloud_name or "",
        "CLOUDINARY_API_KEY": found.cloudinary_api_key or "",
        "CLOUDINARY_API_SECRET": secret.get_secret_value() if secret else "",
    }
    return _program("cloudinary", port, account)


def _program(
    name: str, port: int, keys: Mapping[str, str], *arguments: str
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"simulators.{name}", "--port", str(port), *arguments]
    # A line for every request would bury what the demo says; errors still show.
    return subprocess.Popen(  # noqa: S603  our own program
        command, env={**os.environ, **keys}, stdout=subprocess.DEVNULL
    )
