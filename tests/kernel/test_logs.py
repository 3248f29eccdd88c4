"""Logs: lines for people, JSON for machines, and never a secret."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import structlog
from mestore.kernel import logs

logs.configure(level={level!r}, as_json={as_json})
log = structlog.get_logger("test")
log.debug("quiet")
log.info("order_placed", order=7, request_id="abc")
log.info("signed_in", password="hunter2", refresh_token="hunter2", Authorization="hunter2",
         wompi_private_key="hunter2", api_key="hunter2", cvc="hunter2", client_secret="hunter2")


def check(password):
    card = {{"number": "4242 hunter2"}}
    raise ValueError("no such user")


try:
    check("hunter2")
except ValueError as error:
    log.error("unhandled_error", exc_info=error)
"""


def output(*, level: str = "info", as_json: bool) -> str:
    """Return what a process that logs in this way writes to its error stream."""
    script = SCRIPT.format(level=level, as_json=as_json)
    done = subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_written_not_even_by_a_traceback(as_json: bool) -> None:
    written = output(as_json=as_json)
    assert "hunter2" not in written
    assert written.count("***") == 7
    assert "ValueError: no such user" in written
    assert "quiet" not in written


def test_json_lines_have_a_time_a_level_and_what_happened() -> None:
    lines = [json.loads(line) for line in output(as_json=True).splitlines()]
    assert len(lines) == 3
    first = lines[0]
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "order_placed", "level": "info", "order": 7, "request_id": "abc"}
    assert "Traceback" in lines[2]["exception"]


def test_the_level_says_what_is_left_out() -> None:
    written = output(level="ERROR", as_json=False)
    assert "order_placed" not in written
    assert "unhandled_error" in written
