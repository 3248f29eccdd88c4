"""The endpoint: operators read the log, filtered and in pages; nobody else does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from mestore.accounts.service.acts import record
from mestore.accounts.types import UserType
from mestore.accounts.types.acts import Act, Actor, Subject
from mestore.audit.schemas import AuditEntryOut
from mestore.audit.views import EntryView
from mestore.kernel.clock import now, today_in_bogota
from mestore.kernel.db import Database
from tests.audit.log import RunJobs, act, entries
from tests.build import Build, BuiltUser
from tests.conftest import AsUser, MovedClock

LOG = "/admin/audit-log"
Headers = dict[str, str]


@pytest.fixture
async def admin(build: Build) -> BuiltUser:
    """An operator."""
    return await build.user(UserType.ADMIN)


@pytest.fixture
async def headers(as_user: AsUser, admin: BuiltUser, run_jobs: RunJobs) -> Headers:
    """The headers of an operator, whose own sign-in is entry 1."""
    found = await as_user(admin)
    await run_jobs()
    return found


async def read(client: httpx2.AsyncClient, headers: Headers, **query: Any) -> list[Any]:  # noqa: ANN401  any parameter
    answer = await client.get(LOG, headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["entries"]
    return found


@pytest.mark.parametrize("user_type", [UserType.BUYER, UserType.VENDOR])
async def test_only_operators_read_it(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, user_type: UserType
) -> None:
    assert (await client.get(LOG)).status_code == 401
    refused = await client.get(LOG, headers=await as_user(await build.user(user_type)))
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


async def test_nobody_writes_it(client: httpx2.AsyncClient, headers: Headers) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await client.request(method, LOG, headers=headers)
        assert answer.status_code == 405


async def test_an_entry_as_operators_see_it(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    admin: BuiltUser,
    headers: Headers,
) -> None:
    async with database.transaction() as tx:
        actor = Actor(admin.id, admin.user_type)
        change: dict[str, Any] = {"before": {"price": 1}, "after": {"price": 2}}
        record(tx, Act.PRODUCT_EDITED, Subject.PRODUCT, 7, actor=actor, **change)
    await run_jobs()
    shown, _ = await read(client, headers)
    stored = (await entries(database))[-1]
    assert shown == {
        "sequence": 2,
        "at": stored.at.isoformat().replace("+00:00", "Z"),
        "actor_id": str(admin.id),
        "actor_type": "ADMIN",
        "actor_email": admin.email,
        "action": "products.edited",
        "subject_type": "product",
        "subject_id": "7",
        "before": {"price": 1},
        "after": {"price": 2},
        "ip_address": None,
        "request_id": None,
        "hash": stored.hash,
    }


def test_the_document_shows_the_fields_of_an_entry() -> None:
    assert list(AuditEntryOut.model_fields) == list(EntryView.__struct_fields__)


async def test_the_newest_come_first_and_a_cursor_goes_on(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, headers: Headers
) -> None:
    await act(database, times=4)
    await run_jobs()
    first = (await client.get(LOG, headers=headers, params={"per_page": 2})).json()
    assert [entry["sequence"] for entry in first["entries"]] == [5, 4]
    assert (first["pagination"]["total"], first["pagination"]["pages"]) == (5, 3)
    query = {"per_page": 2, "cursor": first["pagination"]["next"]}
    second = (await client.get(LOG, headers=headers, params=query)).json()
    assert [entry["sequence"] for entry in second["entries"]] == [3, 2]
    refused = await client.get(LOG, headers=headers, params={"cursor": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (422, "INVALID_PAGE")


async def test_every_filter_and_all_together(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    admin: BuiltUser,
    headers: Headers,
) -> None:
    await client.post("/auth/logout", headers=headers)
    await run_jobs()
    for _ in range(2):
        await act(database)
        await run_jobs()

    async def sequences(**query: object) -> list[int]:
        return [entry["sequence"] for entry in await read(client, other, **query)]

    body = {"email": admin.email, "password": admin.password}
    token = (await client.post("/auth/login", json=body)).json()["access_token"]
    other = {"Authorization": f"Bearer {token}"}
    assert await sequences() == [4, 3, 2, 1]
    assert await sequences(actor_id=admin.id) == [2, 1]
    assert await sequences(actor_id=UUID(int=1)) == []
    assert await sequences(action="products.edited") == [4, 3]
    assert await sequences(subject_type="user") == [2, 1]
    assert await sequences(subject_type="product", subject_id="1") == [4, 3]
    assert await sequences(subject_type="product", subject_id="2") == []
    assert await sequences(ip_address="127.0.0.1") == [2]
    everything = {"actor_id": admin.id, "action": "auth.signed_out", "subject_type": "user"}
    everything |= {"subject_id": admin.id, "ip_address": "127.0.0.1"}
    assert await sequences(**everything, date_from=str(today_in_bogota())) == [2]


async def test_times_include_both_ends_and_days_are_bogotas(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    headers: Headers,
    clock: MovedClock,
) -> None:
    today = today_in_bogota()
    clock.advance(timedelta(minutes=10))
    await act(database)
    await run_jobs()
    first, second = (entry.at for entry in await entries(database))

    async def sequences(**query: object) -> list[int]:
        return [entry["sequence"] for entry in await read(client, headers, **query)]

    assert await sequences(date_from=first.isoformat(), date_to=second.isoformat()) == [2, 1]
    assert await sequences(date_from=second.isoformat()) == [2]
    assert await sequences(date_to=first.isoformat()) == [1]
    assert await sequences(date_from=str(today), date_to=str(today + timedelta(days=1))) == [2, 1]
    assert await sequences(date_to=str(today - timedelta(days=1))) == []
    assert await sequences(date_from=(now() + timedelta(seconds=1)).isoformat()) == []


@pytest.mark.parametrize(
    "query",
    [
        {"actor_id": "nobody"},
        {"action": "products.painted"},
        {"subject_type": "weather"},
        {"subject_id": "x" * 101},
        {"subject_id": "\x00"},
        {"ip_address": ""},
        {"date_from": "yesterday"},
        {"date_from": "2026-01-01T00:00:00"},
        {"date_to": "9999-12-31"},
        {"date_to": "0001-01-01T00:00:00Z"},
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, headers: Headers, query: dict[str, str]
) -> None:
    answer = await client.get(LOG, headers=headers, params=query)
    assert answer.status_code == 422, answer.text
