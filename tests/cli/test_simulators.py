"""The stand-ins as `mestore simulate` and the demo start them: seven programs on seven ports."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx2
import pytest

from mestore.cli import simulators
from mestore.cli.simulators import Ports
from mestore.settings import Settings
from simulators.payu.app import QUERIES


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(port: int) -> None:
    """Wait until somebody listens there: seven programs start at once on a busy machine."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens at {port}")


def free_row() -> Ports:
    rows = (Ports(first) for first in range(21_010, 29_000, 10))
    return next(row for row in rows if all(is_free(port) for port in row.all()))


@pytest.fixture(scope="module")
def ports() -> Ports:
    return free_row()


@pytest.fixture(scope="module")
def running(ports: Ports) -> Iterator[Ports]:
    """All of them, with the keys of a bare development machine."""
    settings = Settings(_env_file=None)
    started = simulators.start_all(settings, ports)
    try:
        for port in ports.all():
            wait_for(port)
        yield ports
    finally:
        simulators.stop_all(started)
    assert all(is_free(port) for port in ports.all())


def test_every_stand_in_has_a_port_of_its_own(ports: Ports) -> None:
    first = ports.wompi
    named = [ports.wompi, ports.sms, ports.stripe, ports.payu, ports.efecty, ports.payouts]
    named.append(ports.cloudinary)
    assert named == list(ports.all()) == list(range(first, first + 7))
    # The settings of a bare machine look for them there.
    assert [Ports().wompi, Ports().stripe, Ports().payu] == [8010, 8012, 8013]


def test_every_stand_in_takes_the_keys_of_the_settings(running: Ports) -> None:
    def at(port: int, path: str) -> str:
        return f"http://127.0.0.1:{port}{path}"

    found = Settings(_env_file=None)
    stripe, payu = found.stripe_account(is_development=True), found.payu_keys(is_development=True)
    assert stripe is not None
    assert payu is not None
    keys = {"apiLogin": payu.api_login, "apiKey": payu.api_key}
    with httpx2.Client(trust_env=False) as http:
        wompi = http.get(at(running.wompi, f"/v1/merchants/{found.wompi_public_key}"))
        assert wompi.status_code == 200
        bearer = {"Authorization": f"Bearer {stripe.secret}"}
        listed = http.get(at(running.stripe, "/v1/payment_intents"), headers=bearer)
        assert listed.status_code == 200
        ping = {"language": "es", "command": "PING", "merchant": keys, "test": False}
        pong = http.post(at(running.payu, QUERIES), json=ping).json()
        assert pong["result"]["payload"] == "ping"
        assert http.get(at(running.efecty, "/_control/health")).json()["simulator"] == "efecty"
        assert http.get(at(running.sms, "/_control/messages")).status_code == 200
        account = simulators.PAYOUTS_ACCOUNT
        opened = {
            "x-api-key": account["WOMPI_PAYOUTS_API_KEY"],
            "user-principal-id": account["WOMPI_PAYOUTS_USER_PRINCIPAL_ID"],
        }
        banks = http.get(at(running.payouts, "/v1/banks"), headers=opened)
        assert banks.status_code == 200


def simulate(first: int) -> list[str]:
    """Return the command that runs the stand-ins from this port on."""
    program = "from mestore.cli.app import app; app()"
    return [sys.executable, "-c", program, "simulate", "--port", str(first)]


@pytest.mark.slow
def test_stand_ins_end_with_the_command_that_started_them() -> None:
    row = free_row()
    with subprocess.Popen(simulate(row.wompi)) as command:  # noqa: S603  our own program
        for port in row.all():
            wait_for(port)
        command.send_signal(signal.SIGTERM)
        assert command.wait(30) == 0
    assert all(is_free(port) for port in row.all())


def test_the_last_stand_in_has_a_port_too() -> None:
    refused = subprocess.run(  # noqa: S603  our own program
        simulate(65_530), capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 2
    assert "65529" in refused.stderr
