"""The program with a fuse: real processes that kill themselves at an event that a test chooses.

`python -m tests.crash.mortal PORT_FD` wires the program from the environment once and then forks:
a fork is a server or a worker as any other, and starts in milliseconds. It reads one order a line:
`serve` and `serve jobs` fork a server, `work N` a worker that dies at its N-th event, and answer
with the id of the process; `wait ID` waits for it and answers with its exit code. `clock S` puts
the clock of all later forks S seconds ahead.

`ask JSON` answers a request and `rehearse` runs due jobs without any fork: what is compiled for the
first time is then there in every fork.

An event is: before and after a statement, before a commit, after a connection came back from one,
before a request leaves for the gateway and after its answer came.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
import uvicorn
from sqlalchemy import event
from starlette.types import ASGIApp, Receive, Scope, Send

from mestore.bootstrap import App, build
from mestore.checkout.service import pay
from mestore.kernel import logs
from mestore.kernel.clock import Clock
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
        for client in app.clients.opened:
            # A fork must not find a connection of its parent in the pool.
            client.headers["Connection"] = "close"
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


def serve(api: ASGIApp, fuse: Fuse, listener: socket.socket) -> None:
    """Serve until killed."""
    config = uvicorn.Config(Lit(api, fuse), log_level="warning")
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


async def rest(app: App) -> None:
    """Leave no connection behind that a fork would share."""
    await app.database.close()


def rehearse(app: App) -> None:
    """Run due jobs in this process."""

    async def run() -> None:
        worker = app.worker()
        while await worker.run_due():
            continue
        await rest(app)

    asyncio.run(run())


def ask(app: App, api: ASGIApp, wanted: dict[str, Any]) -> str:
    """Answer a request in this process: status and body as JSON in one line."""

    async def run() -> str:
        transport = httpx2.ASGITransport(api)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mortal") as client:
            answer = await client.request(**wanted)
        await rest(app)
        return json.dumps({"status": answer.status_code, "body": answer.text})

    return asyncio.run(run())


def fork(run: Callable[[], None]) -> int:
    """Run this in a process of its own and return its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        run()
        code = 0
    finally:
        os._exit(code)


@dataclass(frozen=True)
class Parent:
    """The program that is forked, and what it does by itself."""

    app: App
    fuse: Fuse
    listener: socket.socket
    quiet: ASGIApp
    busy: ASGIApp

    def obey(self, order: str, rest: str) -> object:
        """Carry out one order and return its answer."""
        match order:
            case "serve":
                api = self.busy if rest else self.quiet
                return fork(lambda: serve(api, self.fuse, self.listener))
            case "work":
                return fork(partial(work, self.app, self.fuse, int(rest)))
            case "wait":
                return os.waitstatus_to_exitcode(os.waitpid(int(rest), 0)[1])
            case "clock":
                Clock.offset = timedelta(seconds=float(rest))
            case "ask":
                return ask(self.app, self.quiet, json.loads(rest))
            case "rehearse":
                rehearse(self.app)
        return 0


def main() -> None:
    """Obey until there are no more orders."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    settings = Settings(_env_file=None)
    logs.configure(level="error", as_json=True)
    quick: Any = pay
    quick._WAITS_SECONDS = (0.02, 0.02, 0.05, 0.1, 0.2)
    quick._REPLAY_WAIT_SECONDS = 0.1
    app = build(settings)
    apis = create_app(app, with_jobs=False), create_app(app, with_jobs=True)
    parent = Parent(app, Fuse(app), listener, *apis)
    for line in sys.stdin:
        # What stays as it is need not be copied into each fork.
        gc.freeze()
        order, _, rest = line.strip().partition(" ")
        sys.stdout.write(f"{parent.obey(order, rest)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
