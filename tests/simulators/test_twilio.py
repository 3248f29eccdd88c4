"""The Twilio simulator as a program, and what of its wire format the adapter does not ask for."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx2
import pytest

from simulators.twilio.app import Account
from simulators.twilio.local import running

ACCOUNT = Account("ACsample", "sample-token")
PATH = "/2010-04-01/Accounts/ACsample/Messages.json"
FORM = {"To": "+573001234567", "From": "+573000000000", "Body": "Hola, niño"}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    """A client of a running simulator."""
    with running(ACCOUNT) as url, httpx2.Client(base_url=url, trust_env=False) as http:
        yield http


@pytest.fixture(autouse=True)
def _as_new(http: httpx2.Client) -> None:
    http.post("/_control/reset")


def post(http: httpx2.Client, **changes: str) -> httpx2.Response:
    return http.post(PATH, data=FORM | changes, auth=(ACCOUNT.sid, ACCOUNT.token))


def test_a_message_is_queued_and_kept(http: httpx2.Client) -> None:
    answer = post(http)
    assert answer.status_code == 201
    message = answer.json()
    assert message["sid"].startswith("SM")
    assert (message["status"], message["body"]) == ("queued", "Hola, niño")
    assert http.get("/_control/messages").json() == {"data": [message]}
    assert http.get("/_control/health").json()["messages"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "3001234567"}, 21211),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
    ],
)
def test_a_bad_message_is_refused_by_twilios_number(
    http: httpx2.Client, changes: dict[str, str], code: int
) -> None:
    answer = post(http, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert http.get("/_control/messages").json() == {"data": []}


@pytest.mark.parametrize("auth", [("", ""), ("ACsample", "wrong"), ("ACother", "sample-token")])
def test_only_the_account_may_send(http: httpx2.Client, auth: tuple[str, str]) -> None:
    answer = http.post(PATH, data=FORM, auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert http.get("/_control/messages").json() == {"data": []}


def test_a_fault_happens_as_often_as_asked(http: httpx2.Client) -> None:
    http.post("/_control/faults", json={"fault": "error_500", "times": 2})
    assert [post(http).status_code for _ in range(3)] == [500, 500, 201]
    assert len(http.get("/_control/messages").json()["data"]) == 1


def test_it_runs_as_a_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "simulators.twilio", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "TWILIO_ACCOUNT_SID": "ACsample"})  # noqa: S603  our own program
    try:
        assert _health(f"http://127.0.0.1:{port}/_control/health")["simulator"] == "twilio"
    finally:
        process.terminate()
        process.wait(10)


def _health(url: str) -> dict[str, object]:
    deadline = time.monotonic() + 20
    while True:
        try:
            found: dict[str, object] = httpx2.get(url, trust_env=False).json()
        except httpx2.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return found
