"""A Chroma server of the tests' own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.journeys.town import free_port

PATIENCE_SECONDS = 60


@contextmanager
def running(folder: Path, port: int | None = None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a server over a folder and give its address and its process; stop it afterwards."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("chroma")
    command = [
        str(program),
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--path",
        str(folder),
    ]
    environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    with (folder.parent / f"{folder.name}.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603  our own
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _answers(url):
                assert server.poll() is None, "Chroma did not start."
                assert time.monotonic() < deadline, "Chroma does not answer."
                time.sleep(0.05)
            yield url, server
        finally:
            server.kill()
            server.wait()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/api/v2/heartbeat", trust_env=False).is_success
    except httpx2.TransportError:
        return False
