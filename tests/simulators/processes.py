"""Simulators as processes of their own, started as a user starts them."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

START_SECONDS = 30.0


class Simulators:
    """Starts a simulator when somebody first asks for it; none is left at the end."""

    def __init__(self) -> None:
        self._urls: dict[tuple[str, ...], str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Simulators":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def __call__(self, name: str, *arguments: str) -> str:
        """Return the address of the simulator `name` that runs with these arguments."""
        asked = (name, *arguments)
        if asked not in self._urls:
            self._urls[asked] = self._start(name, arguments)
        return self._urls[asked]

    def _start(self, name: str, arguments: tuple[str, ...]) -> str:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", f"simulators.{name}", "--port", str(port), *arguments],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None, f"the simulator {name} did not start"
            assert time.monotonic() < deadline, f"the simulator {name} does not answer"
            time.sleep(0.02)
        return f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
