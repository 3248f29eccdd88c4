"""Servers under measurement: real processes, one worker each, the same uvicorn for all."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The program beside this benchmark, also where the environment knows another one.
PYTHONPATH = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
READY_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens, and how long it took from its start to its first 200."""

    port: int
    process: subprocess.Popen[bytes]
    start_seconds: float

    def resident_megabytes(self) -> float:
        """Return how much memory the process holds."""
        command = ["ps", "-o", "rss=", "-p", str(self.process.pid)]  # noqa: S607  every Unix has it
        told = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
        return int(told.stdout) / 1024


@contextmanager
def mestore(environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Run the program itself, with its own command. Jobs would run beside it, in a worker."""
    command = [str(Path(sys.executable).with_name("mestore")), "serve", "--no-jobs"]
    with _run(command, "/health", {**environment, "DATA_DIR": str(folder)}, folder) as server:
        yield server


@contextmanager
def bare(program: str, environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Run another ASGI program (`module:name`) as `mestore serve` runs its own."""
    command = [sys.executable, "-m", "uvicorn", program, "--no-access-log"]
    command += ["--log-level", "warning", "--no-server-header"]
    with _run(command, "/health", environment, folder) as server:
        yield server


@contextmanager
def _run(
    command: Sequence[str], health: str, environment: Mapping[str, str], folder: Path
) -> Iterator[Server]:
    port = _free_port()
    # The folder has no .env: only what is given here counts.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  our own programs
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=folder,
        env={**inherited, "PYTHONPATH": PYTHONPATH, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        _await_answer(process, f"http://127.0.0.1:{port}{health}")
        yield Server(port, process, time.perf_counter() - started)
    finally:
        _stop(process)


def _await_answer(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server of {address} ended with {process.returncode}")
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own address
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
            continue
        return
    raise RuntimeError(f"{address} did not answer within {READY_WITHIN_SECONDS} seconds")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
