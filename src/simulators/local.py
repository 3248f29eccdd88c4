"""A simulator beside the caller: on a free port, gone when the block ends."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from simulators import server

LOOPBACK = "127.0.0.1"
START_TIMEOUT = 10.0


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve from a thread and give the address, ready to be called."""
    listener = socket.create_server((LOOPBACK, 0))
    port = int(listener.getsockname()[1])
    built = server.build(app, LOOPBACK, port, log_level="warning")
    thread = threading.Thread(target=built.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_TIMEOUT
    try:
        while not built.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"{app.title} did not start.")
            time.sleep(0.005)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        built.should_exit = True
        thread.join(START_TIMEOUT)
        listener.close()
