"""Security events: each leaves an entry that tells who, from where, and no secret."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from mestore.accounts.models import SignInFailure
from mestore.accounts.service.registration import create_admin
from mestore.accounts.types import UserType
from mestore.accounts.types.acts import Act
from mestore.bootstrap import App
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from tests.accounts.two_step import backup_codes, enable, first_step
from tests.audit.log import RunJobs, actions, entries, findings, in_time, of_action
from tests.build import PASSWORD, Build, BuiltUser
from tests.conftest import AsUser

WRONG = "Wrong-pass-1"
NEW = "Another-pass-2"


async def sign_in(
    client: httpx2.AsyncClient, email: str, password: str = PASSWORD, path: str = "login"
) -> dict[str, Any]:
    answer = await client.post(
        f"/auth/{path}",
        json={"email": email, "password": password},
        headers={"X-Request-ID": "request-of-sign-in"},
    )
    shown: dict[str, Any] = answer.json()
    return shown


def bearer(opened: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {opened['access_token']}"}


@pytest.fixture
async def user(build: Build) -> BuiltUser:
    """Somebody who can sign in."""
    return await build.user()


async def test_a_sign_in_tells_who_and_from_where(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, user: BuiltUser
) -> None:
    await sign_in(client, user.email)
    await run_jobs()
    (entry,) = await entries(database)
    assert (entry.action, entry.subject_type) == ("auth.signed_in", "user")
    assert (entry.actor_id, entry.actor_type) == (user.id, "BUYER")
    assert entry.subject_id == str(user.id)
    assert (entry.ip_address, entry.request_id) == ("127.0.0.1", "request-of-sign-in")
    assert (entry.before, entry.after) == (None, None)


async def test_a_sign_in_costs_one_insert_more(
    client: httpx2.AsyncClient, user: BuiltUser, statements: list[str]
) -> None:
    await sign_in(client, user.email)
    assert sum(sent.startswith("INSERT INTO jobs") for sent in statements) == 1


async def test_a_wrong_password_names_the_account_and_an_unknown_one_nobody(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, user: BuiltUser
) -> None:
    await sign_in(client, user.email, WRONG)
    await sign_in(client, "nobody@example.com", WRONG)
    await sign_in(client, "nobody@example.com", WRONG)
    await sign_in(client, "none@example.com", WRONG)
    await run_jobs()

    known, *strangers = await in_time(database)
    assert (known.subject_type, known.subject_id) == ("user", str(user.id))
    assert {entry.action for entry in [known, *strangers]} == {"auth.sign_in_failed"}
    assert {entry.actor_id for entry in [known, *strangers]} == {None}
    assert {entry.subject_type for entry in strangers} == {"unknown_email"}
    first, second, other = (entry.subject_id for entry in strangers)
    assert first == second != other
    assert len(first) == 64


async def test_an_account_that_locks_says_so_once(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, user: BuiltUser
) -> None:
    for _ in range(6):
        await sign_in(client, user.email, WRONG)
    await run_jobs()
    assert await actions(database) == ["auth.sign_in_failed"] * 5 + ["auth.account_locked"]


async def test_an_address_that_is_blocked_says_so_once(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, program: App
) -> None:
    enough = program.sign_in_policy.failures_to_block
    await _fail_from(database, "127.0.0.1", enough - 1)
    for _ in range(3):
        await sign_in(client, "nobody@example.com", WRONG)
    await run_jobs()
    assert await actions(database) == ["auth.sign_in_failed", "auth.address_blocked"]
    blocked = await of_action(database, Act.ADDRESS_BLOCKED)
    assert (blocked.subject_type, blocked.subject_id) == ("address", "127.0.0.1")


async def test_sessions_that_end_and_a_refresh_token_that_returns(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, user: BuiltUser
) -> None:
    first, second = await sign_in(client, user.email), await sign_in(client, user.email)
    body = {"refresh_token": first["refresh_token"]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 200
    assert (await client.post("/auth/refresh", json=body)).status_code == 401
    assert (await client.post("/auth/logout", headers=bearer(second))).status_code == 200
    third = await sign_in(client, user.email)
    await client.post("/auth/sessions/revoke-all", headers=bearer(third))
    await run_jobs()
    assert await actions(database) == [
        "auth.signed_in",
        "auth.signed_in",
        "auth.refresh_token_reused",
        "auth.signed_out",
        "auth.signed_in",
        "auth.sessions_ended",
    ]
    assert (await of_action(database, Act.REFRESH_TOKEN_REUSED)).actor_id is None
    assert (await of_action(database, Act.SIGNED_OUT)).actor_id == user.id
    assert (await of_action(database, Act.SESSIONS_ENDED)).after == {"sessions": 1}


async def test_a_password_that_changes(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, user: BuiltUser
) -> None:
    headers = bearer(await sign_in(client, user.email))
    for current in (WRONG, PASSWORD):
        body = {"current_password": current, "new_password": NEW}
        await client.put("/auth/change-password", headers=headers, json=body)
    await run_jobs()
    assert await actions(database) == [
        "auth.signed_in",
        "auth.password_change_failed",
        "auth.password_changed",
    ]
    assert (await of_action(database, Act.PASSWORD_CHANGED)).actor_id == user.id


async def test_two_step_sign_in(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, user: BuiltUser
) -> None:
    headers = bearer(await sign_in(client, user.email))
    phone = await enable(client, headers)
    await backup_codes(client, headers)
    token = await first_step(client, user.email)
    wrong = {"mfa_token": token, "code": phone.wrong()}
    assert (await client.post("/auth/mfa/verify", json=wrong)).status_code == 401
    off = {"password": PASSWORD, "code": phone.wrong()}
    await client.post("/auth/mfa/disable", headers=headers, json=off)
    off = {"password": PASSWORD, "code": phone.code(1)}
    assert (await client.post("/auth/mfa/disable", headers=headers, json=off)).status_code == 200
    await run_jobs()
    assert await actions(database) == [
        "auth.signed_in",
        "auth.mfa_enabled",
        "auth.backup_codes_made",
        "auth.second_step_failed",
        "auth.mfa_change_failed",
        "auth.mfa_disabled",
    ]


async def test_api_keys(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    build: Build,
    as_user: AsUser,
) -> None:
    vendor = await build.vendor()
    headers = await as_user(vendor.owner)
    body = {"name": "Robot", "permissions": ["products.view"]}
    made = (await client.post("/auth/api-keys", headers=headers, json=body)).json()
    await client.delete(f"/auth/api-keys/{made['id']}", headers=headers)
    await run_jobs()
    created = await of_action(database, Act.API_KEY_CREATED)
    revoked = await of_action(database, Act.API_KEY_REVOKED)
    assert created.subject_id == revoked.subject_id == made["id"]
    assert created.actor_id == revoked.actor_id == vendor.owner.id
    assert created.after == {"name": "Robot", "permissions": ["products.view"], "expires_at": None}


async def test_an_administrator_made_on_the_command_line_is_nobodys_act(
    program: App, database: Database, run_jobs: RunJobs
) -> None:
    await create_admin(
        database, program.passwords, email="root@example.com", password=NEW, superuser=True
    )
    await run_jobs()
    (entry,) = await entries(database)
    assert (entry.action, entry.actor_id, entry.ip_address) == ("users.created", None, None)
    assert entry.after == {"user_type": "SUPERUSER"}


async def test_a_job_does_not_act_for_the_request_before_it(
    client: httpx2.AsyncClient, database: Database, run_jobs: RunJobs, build: Build
) -> None:
    first, second = await build.user(), await build.user()
    headers = bearer(await sign_in(client, first.email))
    await client.get("/auth/me", headers=headers)
    await sign_in(client, second.email, WRONG)
    await run_jobs()
    assert (await of_action(database, Act.SIGN_IN_FAILED)).actor_id is None


async def test_each_security_event_is_a_line_without_secrets(
    client: httpx2.AsyncClient, user: BuiltUser
) -> None:
    with capture_logs() as lines:
        await sign_in(client, user.email, WRONG)
        await sign_in(client, user.email)
    events = [line for line in lines if line["event"] == "security_event"]
    assert [(line["action"], line["outcome"], line["log_level"]) for line in events] == [
        ("auth.sign_in_failed", "failure", "info"),
        ("auth.signed_in", "success", "info"),
    ]
    assert not any(word in str(lines) for word in (PASSWORD, WRONG, user.email))


async def test_no_secret_and_no_personal_value_is_in_any_entry(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    build: Build,
    as_user: AsUser,
) -> None:
    person: dict[str, Any] = {
        "email": "ana@example.com",
        "password": PASSWORD,
        "first_name": "Anastasia",
        "last_name": "Ejemplo",
        "phone": "3001234567",
        "accept_terms": True,
    }
    opened = (await client.post("/auth/register", json=person)).json()
    secrets = [PASSWORD, WRONG, NEW, opened["access_token"], opened["refresh_token"]]
    headers = bearer(opened)
    phone = await enable(client, headers)
    codes = await backup_codes(client, headers)
    secrets += [phone.secret, *codes, phone.code(), phone.code(1)]
    token = await first_step(client, person["email"])
    secrets.append(token)
    await client.post("/auth/mfa/verify", json={"mfa_token": token, "code": codes[0]})
    await sign_in(client, "nobody@example.com", WRONG)
    changes = {"current_password": PASSWORD, "new_password": NEW}
    await client.put("/auth/change-password", headers=headers, json=changes)
    await client.post("/auth/forgot-password", json={"email": person["email"]})
    admin = await as_user(await build.user(UserType.SUPERUSER))
    await _administer(client, admin, opened["user_id"])
    await run_jobs()

    found = await entries(database)
    assert {"auth.registered", "auth.mfa_enabled", "users.edited", "users.erased"} <= {
        entry.action for entry in found
    }
    text = "\n".join(str(entry) for entry in found)
    names = ["ana@example.com", "eva@example.com", "nobody@example.com", "Anastasia", "3001234567"]
    assert [word for word in [*secrets, *names] if word in text] == []
    assert "argon2" not in text
    assert await findings(database) == []


async def _administer(client: httpx2.AsyncClient, admin: dict[str, str], user_id: str) -> None:
    changes = {"email": "eva@example.com", "first_name": "Eva"}
    steps = [
        await client.put(f"/users/{user_id}", headers=admin, json=changes),
        await client.post(f"/users/{user_id}/suspend", headers=admin, json={"reason": "Fraud"}),
        await client.post(f"/users/{user_id}/activate", headers=admin),
        await client.delete(f"/users/{user_id}", headers=admin),
    ]
    assert [step.status_code for step in steps] == [200] * 4, [step.text for step in steps]


async def _fail_from(database: Database, address: str, times: int) -> None:
    async with database.transaction() as tx:
        failure = {"ip_address": address, "created_at": now()}
        await tx.connection.execute(insert(SignInFailure), [failure] * times)
