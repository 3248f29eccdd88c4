"""A whole town: the program as an operator starts it, the gateway beside it, people over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

PATIENCE_SECONDS = 30.0
MESTORE = [str(Path(sys.executable).parent / "mestore")]
Json = dict[str, Any]


def free_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def eventually(is_so: Callable[[], bool], what: str) -> None:
    """Ask again until it is so, for a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@dataclass(frozen=True)
class Town:
    """The program at an address, with the environment it was started in."""

    url: str
    environment: Mapping[str, str]
    folder: Path

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `mestore` in the same environment."""
        return subprocess.run(  # noqa: S603  our own program
            [*MESTORE, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def mails(self, recipient: str) -> list[str]:
        """Return the mails that were written to somebody."""
        folder = self.folder / "var" / "mail" / recipient
        return [path.read_text() for path in sorted(folder.glob("*.eml"))]


class Person:
    """Somebody at the API; signed in once there is a token."""

    def __init__(self, town: Town) -> None:
        self.url = f"{town.url}/api/v1"
        self.headers: dict[str, str] = {}

    def does(self, method: str, path: str, status: int, body: Json | None = None) -> Json:
        """Send a request and return the answer, which has this status."""
        answer = httpx2.request(
            method,
            f"{self.url}{path}",
            json=body,
            headers=self.headers,
            timeout=20,
            trust_env=False,
        )
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        found: Json = answer.json()
        return found

    def is_signed_in_by(self, answer: Json) -> None:
        """Send this token from now on."""
        self.headers["Authorization"] = f"Bearer {answer['access_token']}"


@contextmanager
def town(
    folder: Path, wompi_url: str, database_url: str | None, *, is_seeded: bool
) -> Iterator[Town]:
    """Start `mestore serve` with its jobs, and end it with the block."""
    port = free_port()
    settings = {
        "BASE_URL": f"http://127.0.0.1:{port}",
        "WOMPI_BASE_URL": f"{wompi_url}/v1",
        "DATA_DIR": str(folder / "var"),
        "LOG_LEVEL": "warning",
    }
    if database_url is not None:
        settings["DATABASE_URL"] = database_url
    found = Town(settings["BASE_URL"], {**os.environ, **settings}, folder)
    if is_seeded:
        seeding = found.command("seed")
        assert seeding.returncode == 0, seeding.stderr
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(  # noqa: S603  our own program
            [*MESTORE, "serve", "--port", str(port)],
            env=found.environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            eventually(lambda: _answers(found.url), "the server did not start")
            yield found
        finally:
            server.terminate()
            code = server.wait(PATIENCE_SECONDS)
    assert code in {0, -15}, (folder / "server.log").read_text()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
