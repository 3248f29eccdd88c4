"""Recovery: whoever reads the mail sets the password, once, and shuts everybody else out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import update

from mestore import bootstrap
from mestore.accounts.models import LinkToken, Session, User, UserActivity
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.types import Activity
from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job
from mestore.settings import Settings
from tests.accounts.inbox import Inbox, is_stored
from tests.accounts.rows import PASSWORD, row, rows
from tests.build import Build, BuiltUser
from tests.conftest import AsUser, MovedClock

RunJobs = Callable[[], Awaitable[int]]
FORGOT, RESET, CHANGE = "/auth/forgot-password", "/auth/reset-password", "/auth/change-password"
NEW = "Another-pass-2"
ASKED = {
    "success": True,
    "message": (
        "If an account has this e-mail, a message with a link to reset its password is coming."
    ),
}


@pytest.fixture
def program(sms_settings: Settings) -> App:
    """The program, with links that lead to a shop."""
    # Cheap, because what is tested here is not how strong a hash is.
    cheap = Passwords(memory_kib=64, passes=1)
    return replace(bootstrap.build(sms_settings), passwords=cheap)


@pytest.fixture
async def person(build: Build) -> BuiltUser:
    """A user."""
    return await build.user()


@pytest.fixture
async def token(
    client: httpx2.AsyncClient, run_jobs: RunJobs, inbox: Inbox, person: BuiltUser
) -> str:
    """The token of a reset link that this user got."""
    return await forgotten(client, run_jobs, inbox, person.email)


async def forgotten(client: httpx2.AsyncClient, run_jobs: RunJobs, inbox: Inbox, email: str) -> str:
    """Ask for a reset link and return the token in the mail."""
    answer = await client.post(FORGOT, json={"email": email})
    assert (answer.status_code, answer.json()) == (202, ASKED)
    await run_jobs()
    return inbox.token(email, "password_reset")


async def log_in(client: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    return await client.post("/auth/login", json={"email": email, "password": password})


async def reset(client: httpx2.AsyncClient, token: str, password: str = NEW) -> httpx2.Response:
    return await client.post(RESET, json={"token": token, "new_password": password})


async def set_user(database: Database, **values: object) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(**values))


async def test_a_mailed_link_sets_a_password_and_ends_every_session(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
) -> None:
    await set_user(database, email_verified=False)
    given = (await log_in(client, person.email, PASSWORD)).json()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    token = await forgotten(client, run_jobs, inbox, person.email)
    (text,) = inbox.texts(person.email, "password_reset")
    assert f"https://shop.example.com/reset-password?token={token}\n" in text
    assert "Vence en 60 minutos" in text

    answer = await reset(client, token)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (await client.get("/auth/me", headers=headers)).status_code == 401
    refreshed = {"refresh_token": given["refresh_token"]}
    assert (await client.post("/auth/refresh", json=refreshed)).status_code == 401
    assert (await log_in(client, person.email, PASSWORD)).status_code == 401
    again = await log_in(client, person.email, NEW)
    assert again.status_code == 200
    assert again.json()["user"]["email_verified"] is True
    assert again.json()["user"]["phone_verified"] is False
    await run_jobs()
    (told,) = inbox.texts(person.email, "password_changed")
    assert told.startswith("Hola, Sample:\n\nTu contraseña de MeStore cambió el ")


async def test_a_reset_is_an_activity_of_the_user(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser, token: str
) -> None:
    await reset(client, token)
    found = await row(database, UserActivity)
    assert (found.user_id, found.actor_id) == (person.id, None)
    assert (found.action, found.ip_address) == (Activity.PASSWORD_CHANGED, "127.0.0.1")


async def test_a_reset_unlocks_the_account(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser, token: str
) -> None:
    for _ in range(5):
        await log_in(client, person.email, "Wrong-pass-1")
    assert (await log_in(client, person.email, PASSWORD)).status_code == 423
    assert (await reset(client, token)).status_code == 200
    assert (await log_in(client, person.email, NEW)).status_code == 200
    assert (await row(database, User)).locked_until is None


async def test_of_parallel_resets_by_one_link_one_wins(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser, token: str
) -> None:
    passwords = [f"Another-pass-{number}" for number in range(5)]
    answers = await asyncio.gather(*(reset(client, token, password) for password in passwords))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    won = next(
        password
        for password, answer in zip(passwords, answers, strict=True)
        if answer.status_code == 200
    )
    assert (await log_in(client, person.email, won)).status_code == 200
    assert (await reset(client, token)).json()["code"] == "INVALID_LINK_TOKEN"
    assert (await log_in(client, person.email, won)).status_code == 200


async def test_of_parallel_resets_by_several_links_one_wins(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
) -> None:
    tokens = [await forgotten(client, run_jobs, inbox, person.email) for _ in range(3)]
    assert len(set(tokens)) == 3
    answers = await asyncio.gather(*(reset(client, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
    assert None not in [link.spent_at for link in await rows(database, LinkToken)]


async def test_a_link_lasts_an_hour(
    client: httpx2.AsyncClient, database: Database, clock: MovedClock, token: str
) -> None:
    before = await row(database, User)
    clock.advance(timedelta(hours=1, seconds=1))
    answer = await reset(client, token)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_LINK_TOKEN")
    assert await row(database, User) == before


async def test_a_weak_password_leaves_the_link_unused(
    client: httpx2.AsyncClient, database: Database, token: str
) -> None:
    before = await row(database, User)
    for weak in ("Short1", "no-upper-case-1", "NO-LOWER-CASE-1", "No-digits-here", "Aa1" * 50):
        assert (await reset(client, token, weak)).status_code == 422
    assert await row(database, User) == before
    assert (await reset(client, token)).status_code == 200


async def test_a_link_works_only_for_the_address_it_went_to(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser, token: str
) -> None:
    await set_user(database, email="other@example.com")
    assert (await reset(client, token)).status_code == 400
    assert (await log_in(client, "other@example.com", PASSWORD)).status_code == 200


async def test_a_suspended_account_gets_no_link_and_uses_none(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    token: str,
) -> None:
    await set_user(database, is_active=False)
    before = await row(database, User)
    assert (await reset(client, token)).status_code == 400
    answer = await client.post(FORGOT, json={"email": person.email})
    assert (answer.status_code, answer.json()) == (202, ASKED)
    await run_jobs()
    assert len(inbox.texts(person.email, "password_reset")) == 1
    assert await row(database, User) == before


async def test_an_unknown_account_is_answered_alike_by_the_same_statements(
    client: httpx2.AsyncClient,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    statements: list[str],
) -> None:
    answers, sent = [], []
    for email in (person.email, "nobody@example.com"):
        statements.clear()
        answers.append(await client.post(FORGOT, json={"email": email}))
        sent.append(list(statements))
    known, unknown = answers
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.json() == ASKED
    assert sent[0] == sent[1]
    await run_jobs()
    assert inbox.texts("nobody@example.com", "password_reset") == []
    assert len(inbox.texts(person.email, "password_reset")) == 1


async def test_the_answer_is_in_the_callers_language(client: httpx2.AsyncClient) -> None:
    body, headers = {"email": "nobody@example.com"}, {"Accept-Language": "es-CO"}
    answer = await client.post(FORGOT, json=body, headers=headers)
    assert answer.json()["message"].startswith("Si una cuenta tiene este correo,")


async def test_an_account_gets_three_links_an_hour(
    client: httpx2.AsyncClient,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    clock: MovedClock,
) -> None:
    body = {"email": person.email}
    answers = await asyncio.gather(*(client.post(FORGOT, json=body) for _ in range(8)))
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, answers[0].content)
    }
    await run_jobs()
    assert len(inbox.texts(person.email, "password_reset")) == 3
    clock.advance(timedelta(minutes=61))
    await client.post(FORGOT, json=body)
    await run_jobs()
    assert len(inbox.texts(person.email, "password_reset")) == 4


async def test_the_token_and_the_password_are_never_stored(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, person: BuiltUser, token: str
) -> None:
    assert not await is_stored(database, token)
    await reset(client, token)
    await run_jobs()
    assert not await is_stored(database, token)
    assert not await is_stored(database, NEW)
    assert await is_stored(database, person.email)


async def test_the_link_of_a_verification_mail_resets_nothing(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    as_user: AsUser,
) -> None:
    await set_user(database, email_verified=False)
    headers = await as_user(person)
    await client.post("/auth/send-verification-email", headers=headers)
    await run_jobs()
    token = inbox.token(person.email, "email_code")
    assert (await reset(client, token)).status_code == 400
    assert (await log_in(client, person.email, PASSWORD)).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_ones_own_password_is_changed_by_who_knows_it(
    client: httpx2.AsyncClient,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    as_user: AsUser,
    token: str,
    method: str,
) -> None:
    here, elsewhere = await as_user(person), await as_user(person)
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = await client.request(method, CHANGE, json=body, headers=here)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (await client.get("/auth/me", headers=here)).status_code == 200
    assert (await client.get("/auth/me", headers=elsewhere)).status_code == 401
    assert (await log_in(client, person.email, PASSWORD)).status_code == 401
    assert (await log_in(client, person.email, NEW)).status_code == 200
    assert (await reset(client, token)).status_code == 400
    await run_jobs()
    assert len(inbox.texts(person.email, "password_changed")) == 1


async def test_guessing_the_current_password_locks_the_account(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser, as_user: AsUser
) -> None:
    here, elsewhere = await as_user(person), await as_user(person)
    before = (await row(database, User)).password_hash
    wrong = {"current_password": "Wrong-pass-1", "new_password": NEW}
    for _ in range(5):
        answer = await client.put(CHANGE, json=wrong, headers=here)
        assert (answer.status_code, answer.json()["code"]) == (400, "WRONG_PASSWORD")
    right = {"current_password": PASSWORD, "new_password": NEW}
    answer = await client.put(CHANGE, json=right, headers=here)
    assert (answer.status_code, answer.json()["code"]) == (423, "ACCOUNT_LOCKED")
    assert (await row(database, User)).password_hash == before
    assert (await client.get("/auth/me", headers=elsewhere)).status_code == 200


async def test_of_parallel_changes_one_wins(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser, as_user: AsUser
) -> None:
    here = await as_user(person)
    bodies = [
        {"current_password": PASSWORD, "new_password": f"Another-pass-{number}"}
        for number in range(3)
    ]
    answers = await asyncio.gather(
        *(client.put(CHANGE, json=body, headers=here) for body in bodies)
    )
    won = [
        body["new_password"]
        for body, answer in zip(bodies, answers, strict=True)
        if answer.status_code == 200
    ]
    assert len(won) == 1
    assert (await log_in(client, person.email, won[0])).status_code == 200


async def test_what_is_malformed_or_unknown_changes_nothing(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser
) -> None:
    before = await row(database, User)
    calls: list[tuple[str, dict[str, object], int]] = [
        (CHANGE, {"current_password": PASSWORD, "new_password": NEW}, 401),
        (RESET, {"token": "unknown", "new_password": NEW}, 400),
        (RESET, {"token": "", "new_password": NEW}, 422),
        (RESET, {"token": "unknown"}, 422),
        (FORGOT, {"email": "no address"}, 422),
        (FORGOT, {}, 422),
        (FORGOT, {"email": "a@example.com", "more": 1}, 422),
    ]
    for path, body, status in calls:
        assert (await client.post(path, json=body)).status_code == status
    assert await row(database, User) == before
    assert await rows(database, Session) == []
    assert "StartRecovery" not in [job.message for job in await rows(database, Job)]
