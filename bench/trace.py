"""Reads off the program what it says to the database: its real requests, with listeners on."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import event
from sqlalchemy.engine import URL

from bench.plan import Said, Verb
from mestore.bootstrap import App, build
from mestore.main import create_app
from mestore.settings import Settings


@dataclass(frozen=True, slots=True)
class Answered:
    """What the program said to the database, and its answer."""

    said: list[Said]
    body: bytes


@dataclass(frozen=True, slots=True)
class Tracer:
    """The program in this process, without a cache."""

    client: httpx2.AsyncClient
    said: list[Said]

    async def get(self, path: str) -> Answered:
        """Trace a GET as it runs again and again: what is asked only the first time is left out."""
        await self._ask("GET", path)
        return await self._ask("GET", path)

    async def post(self, path: str, body: bytes, token: str) -> Answered:
        """Trace a signed-in POST."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return await self._ask("POST", path, content=body, headers=headers)

    async def _ask(self, method: str, path: str, **rest: Any) -> Answered:  # noqa: ANN401
        self.said.clear()
        answer = await self.client.request(method, path, **rest)
        answer.raise_for_status()
        return Answered(list(self.said), answer.content)


@asynccontextmanager
async def tracer(url: URL, environment: Mapping[str, str], folder: Path) -> AsyncIterator[Tracer]:
    """Run the program in this process over a database and listen to it."""
    settings = Settings(
        _env_file=None,
        database_url=url.render_as_string(hide_password=False),
        data_dir=folder,
        cache_seconds=0,
        secret_key=environment["SECRET_KEY"],
    )
    app = build(settings)
    transport = httpx2.ASGITransport(create_app(app, with_jobs=False))
    try:
        with _listening(app) as said:
            async with httpx2.AsyncClient(transport=transport, base_url="http://bench") as client:
                yield Tracer(client, said)
    finally:
        await app.close()


@contextmanager
def _listening(app: App) -> Iterator[list[Said]]:
    said: list[Said] = []

    def ran(_: object, cursor: Any, sql: str, values: Any, __: object, many: bool) -> None:  # noqa: ANN401
        if many:
            said.append(Said(Verb.MANY, sql, [tuple(row) for row in values]))
        else:
            # The driver's rows wait in the cursor; reading them properly would take them away.
            said.append(Said(Verb.FETCH, sql, [tuple(values)], [tuple(r) for r in cursor._rows]))

    def about_to_run(*_: object) -> None:
        """Do nothing: the program sends no statement past SQLAlchemy while somebody listens."""

    def begun(_: object) -> None:
        said.append(Said(Verb.BEGIN))

    def committed(_: object) -> None:
        said.append(Said(Verb.COMMIT))

    writes, reads = app.database.writes.sync_engine, app.database.reads.sync_engine
    # The read lane is in AUTOCOMMIT: nothing begins and nothing commits there.
    listeners: list[tuple[Any, str, Callable[..., None]]] = [
        (reads, "before_cursor_execute", about_to_run),
        (writes, "before_cursor_execute", about_to_run),
        (writes, "after_cursor_execute", ran),
        (reads, "after_cursor_execute", ran),
        (writes, "begin", begun),
        (writes, "commit", committed),
    ]
    for engine, name, listener in listeners:
        event.listen(engine, name, listener)
    yield said
    for engine, name, listener in listeners:
        event.remove(engine, name, listener)
