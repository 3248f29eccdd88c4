"""What tests of interests share: what somebody may do about them, over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.notifications.models import Mail
from tests.build import Build, BuiltProduct, BuiltUser
from tests.conftest import AsUser


@dataclass(frozen=True, slots=True)
class Person:
    """A user, or with no user a guest, and the client they call with."""

    client: httpx2.AsyncClient
    headers: dict[str, str]
    user: BuiltUser | None = None

    @property
    def buyer(self) -> BuiltUser:
        """Return the user that this person is."""
        assert self.user is not None, "a guest is no user"
        return self.user

    async def ask(
        self,
        method: str,
        path: str,
        json: Any = None,  # noqa: ANN401  any JSON
        **query: Any,  # noqa: ANN401  any parameter
    ) -> httpx2.Response:
        """Call as this person."""
        return await self.client.request(
            method, path, headers=self.headers, params=query, json=json
        )

    async def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
        """Read as this person."""
        answer = await self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def make(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  any JSON
        """Make something that there is to be."""
        answer = await self.ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()


Somebody = Callable[[], Awaitable[Person]]
Mails = Callable[[], Awaitable[list[tuple[str, str, str]]]]
Reprice = Callable[..., Awaitable[None]]
RunJobs = Callable[[], Awaitable[int]]


@pytest.fixture
def somebody(client: httpx2.AsyncClient, build: Build, as_user: AsUser) -> Somebody:
    """`await somebody()` makes a buyer who is signed in."""

    async def made() -> Person:
        user = await build.user()
        return Person(client, await as_user(user), user)

    return made


@pytest.fixture
def guest(client: httpx2.AsyncClient) -> Person:
    """A guest session."""
    return Person(client, {"Session-ID": "a-guest-session-1"})


@pytest.fixture
def mails(database: Database) -> Mails:
    """`await mails()` returns (recipient, subject, text) of all mails, the oldest first."""

    async def written() -> list[tuple[str, str, str]]:
        query = select(Mail.recipient, Mail.subject, Mail.text).order_by(Mail.id)
        async with database.read() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(query)]

    return written


@pytest.fixture
def reprice(client: httpx2.AsyncClient, as_user: AsUser, run_jobs: RunJobs) -> Reprice:
    """`await reprice(product, 40000)` lets its vendor edit it, and runs what follows."""

    async def edited(product: BuiltProduct, price: float | None = None, **fields: Any) -> None:  # noqa: ANN401
        body = fields if price is None else {"price": price, **fields}
        headers = await as_user(product.vendor.owner)
        answer = await client.patch(f"/products/{product.id}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        await run_jobs()

    return edited


@pytest.fixture
def settle(program: App, run_jobs: RunJobs) -> Callable[[], Awaitable[None]]:
    """`await settle()` writes what waits in memory and runs what follows."""

    async def settled() -> None:
        await program.search_log.flush()
        await program.view_log.flush()
        await run_jobs()

    return settled
