"""The program with a fuse: real processes that kill themselves at an event that a test chooses.

`python -m tests.crash.mortal PORT_FD` wires the program from the environment once and then forks:
a fork is a server or a worker as any other, and starts in milliseconds. It reads one order a line:
`serve` forks a server, `work N` a worker that dies at its N-th event, `wait` waits for the fork.

An event is: before and after a statement, before a commit, after a connection came back from one,
before a request leaves for the gateway and after its answer came.
"""

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
from sqlalchemy import event
from starlette.types import ASGIApp, Receive, Scope, Send

from mestore.bootstrap import App, build
from mestore.checkout.service import pay
from mestore.kernel import logs
from mestore.main import create_app
from mestore.settings import Settings

HEADER = b"x-die-at"


class Fuse:
    """Counts down from where it is lit, and kills the process at nought."""

    def __init__(self, app: App) -> None:
        self.left = 0
        engine = app.database.writes.sync_engine
        for name in ("before_cursor_execute", "after_cursor_execute", "commit", "rollback"):
            event.listen(engine, name, self.burn)
        event.listen(engine.pool, "checkin", self.burn)
        for client in app.clients:
            client.event_hooks["request"].append(self.burn_outside)
            client.event_hooks["response"].append(self.burn_outside)

    def light(self, events: int) -> None:
        """Die at the `events`-th event from now."""
        self.left = events

    def burn(self, *_: object) -> None:
        """Count an event."""
        if self.left:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)

    async def burn_outside(self, _: object) -> None:
        """Count an event of the network."""
        self.burn()


class Lit:
    """Lights the fuse for a request that asks for it; who survives it is safe."""

    def __init__(self, app: ASGIApp, fuse: Fuse) -> None:
        self.app = app
        self.fuse = fuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        events = dict(scope.get("headers", [])).get(HEADER)
        if events is not None:
            self.fuse.light(int(events))
        await self.app(scope, receive, send)
        self.fuse.light(0)


def serve(app: App, fuse: Fuse, listener: socket.socket, *, with_jobs: bool) -> None:
    """Serve until killed."""
    config = uvicorn.Config(Lit(create_app(app, with_jobs=with_jobs), fuse), log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


def work(app: App, fuse: Fuse, events: int) -> None:
    """Run due jobs until none is left."""

    async def run() -> None:
        fuse.light(events)
        worker = app.worker()
        while await worker.run_due():
            continue
        fuse.light(0)
        await app.close()

    asyncio.run(run())


def fork(order: list[str], app: App, fuse: Fuse, listener: socket.socket) -> int:
    """Start a process for an order and return its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        if order[0] == "work":
            work(app, fuse, int(order[1]))
        else:
            serve(app, fuse, listener, with_jobs=order[-1] == "jobs")
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Obey until there are no more orders."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    settings = Settings(_env_file=None)
    logs.configure(level="error", as_json=True)
    quick: Any = pay
    quick._WAITS_SECONDS = (0.02, 0.02, 0.05, 0.1, 0.2)
    quick._REPLAY_WAIT_SECONDS = 0.1
    app = build(settings)
    fuse = Fuse(app)
    child = 0
    for line in sys.stdin:
        if line.startswith("wait"):
            _, status = os.waitpid(child, 0)
            say(os.waitstatus_to_exitcode(status))
        else:
            child = fork(line.split(), app, fuse, listener)
            say(child)


def say(number: int) -> None:
    """Answer an order."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
