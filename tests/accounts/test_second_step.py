"""Signing in with two steps: a code opens one session, once, in time, for its own sign-in."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
from pydantic import ValidationError
from sqlalchemy import update

from mestore.accounts.events import SignedIn
from mestore.accounts.jobs import PurgeOldSessions, purge_old_sessions
from mestore.accounts.models import BackupCode, PendingSignIn, Session, SignInFailure, User
from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from mestore.settings import Settings
from tests.accounts.rows import PASSWORD, hear, row, rows
from tests.accounts.two_step import (
    Phone,
    backup_codes,
    code_of,
    enable,
    first_step,
    guests,
    second_step,
)
from tests.build import Build, BuiltUser, hash_of
from tests.conftest import AsUser, MovedClock

pytestmark = pytest.mark.usefixtures("start_of_a_step")


@pytest.fixture
async def user(build: Build) -> BuiltUser:
    """A buyer."""
    return await build.user()


@pytest.fixture
async def phone(
    client: httpx2.AsyncClient, user: BuiltUser, as_user: AsUser, clock: MovedClock
) -> Phone:
    """The app of `user`, who has MFA on; its present code was not used."""
    phone = await enable(client, await as_user(user))
    clock.advance(timedelta(seconds=30))
    return phone


async def sessions(database: Database) -> int:
    """Count the sessions; the fixtures open one."""
    return len(await rows(database, Session)) - 1


@pytest.mark.parametrize("path", ["login", "admin-login"])
async def test_the_password_alone_opens_no_session(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    path: str,
) -> None:
    admin = await build.user(UserType.ADMIN)
    await enable(client, await as_user(admin))
    body = {"email": admin.email, "password": PASSWORD}
    answer = await client.post(f"/auth/{path}", json=body)
    assert answer.status_code == 200
    given = answer.json()
    assert set(given) == {"requires_mfa", "mfa_token", "user_id"}
    assert (given["requires_mfa"], given["user_id"]) == (True, str(admin.id))
    assert await sessions(database) == 0
    assert (await row(database, User)).last_login is None


async def test_a_code_of_the_app_opens_the_session(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    token = await first_step(client, user.email)
    answer = await second_step(client, token, code=phone.code())
    assert answer.status_code == 200
    given = answer.json()
    assert (given["user_id"], given["requires_mfa"]) == (str(user.id), False)
    assert given["user"]["mfa_enabled"] is True
    assert given["user"]["last_login"] is not None
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert (await client.get("/auth/me", headers=headers)).status_code == 200
    refreshed = await client.post("/auth/refresh", json={"refresh_token": given["refresh_token"]})
    assert refreshed.status_code == 200
    assert await sessions(database) == 1
    assert await rows(database, PendingSignIn) == []


async def test_a_stale_access_token_does_not_disturb_the_second_step(
    client: httpx2.AsyncClient, user: BuiltUser, phone: Phone
) -> None:
    body = {"mfa_token": await first_step(client, user.email), "code": phone.code()}
    answer = await client.post(
        "/auth/mfa/verify", json=body, headers={"Authorization": "Bearer of.old.times"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("steps", [-1, 1])
async def test_the_codes_beside_the_present_one_are_accepted(
    client: httpx2.AsyncClient,
    user: BuiltUser,
    phone: Phone,
    clock: MovedClock,
    steps: int,
) -> None:
    clock.advance(timedelta(seconds=60))
    token = await first_step(client, user.email)
    assert (await second_step(client, token, code=phone.code(steps))).status_code == 200


@pytest.mark.parametrize("steps", [-2, 2])
async def test_codes_further_away_are_refused(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    clock: MovedClock,
    steps: int,
) -> None:
    clock.advance(timedelta(seconds=90))
    token = await first_step(client, user.email)
    refused = await second_step(client, token, code=phone.code(steps))
    assert code_of(refused) == (401, "INVALID_MFA_CODE")
    assert await sessions(database) == 0


async def test_a_code_never_works_twice_nor_an_older_one_after_it(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    used, older = phone.code(1), phone.code()
    assert (
        await second_step(client, await first_step(client, user.email), code=used)
    ).status_code == 200
    for code in (used, older):
        refused = await second_step(client, await first_step(client, user.email), code=code)
        assert code_of(refused) == (401, "INVALID_MFA_CODE")
    assert await sessions(database) == 1


async def test_the_code_that_turned_it_on_does_not_sign_in(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, as_user: AsUser
) -> None:
    phone = await enable(client, await as_user(user))
    refused = await second_step(client, await first_step(client, user.email), code=phone.code())
    assert code_of(refused) == (401, "INVALID_MFA_CODE")
    assert await sessions(database) == 0


@pytest.mark.parametrize("same_token", [True, False])
async def test_of_parallel_uses_of_one_code_exactly_one_wins(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    same_token: bool,
) -> None:
    token = await first_step(client, user.email)
    tokens = [token if same_token else await first_step(client, user.email) for _ in range(4)]
    answers = await asyncio.gather(
        *(second_step(client, token, code=phone.code()) for token in tokens)
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 401, 401, 401]
    assert await sessions(database) == 1


async def test_of_parallel_uses_of_one_backup_code_exactly_one_wins(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    as_user: AsUser,
) -> None:
    code = (await backup_codes(client, await as_user(user)))[0]
    tokens = [await first_step(client, user.email) for _ in range(4)]
    before = await sessions(database)
    answers = await asyncio.gather(*(second_step(client, token, code=code) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert await sessions(database) == before + 1
    assert len(await rows(database, BackupCode)) == 9


async def test_one_sign_in_takes_one_of_two_right_codes_and_leaves_the_other(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    as_user: AsUser,
) -> None:
    codes = await backup_codes(client, await as_user(user))
    token = await first_step(client, user.email)
    answers = await asyncio.gather(*(second_step(client, token, code=code) for code in codes[:4]))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert {code_of(answer) for answer in answers if answer.status_code != 200} == {
        (401, "INVALID_MFA_TOKEN")
    }
    assert len(await rows(database, BackupCode)) == 9
    assert (await row(database, User)).failed_logins == 0


async def test_a_backup_code_works_once_however_it_is_written(
    client: httpx2.AsyncClient, user: BuiltUser, phone: Phone, as_user: AsUser
) -> None:
    first, second, *_ = await backup_codes(client, await as_user(user))
    for code in (first.lower(), second.replace("-", " ")):
        token = await first_step(client, user.email)
        assert (await second_step(client, token, code=code)).status_code == 200
    token = await first_step(client, user.email)
    assert code_of(await second_step(client, token, code=first)) == (401, "INVALID_MFA_CODE")


async def test_backup_codes_of_somebody_else_do_not_work(
    client: httpx2.AsyncClient, build: Build, user: BuiltUser, phone: Phone, as_user: AsUser
) -> None:
    other = await as_user(await build.user())
    await enable(client, other)
    code = (await backup_codes(client, other))[0]
    token = await first_step(client, user.email)
    assert code_of(await second_step(client, token, code=code)) == (401, "INVALID_MFA_CODE")


async def test_five_wrong_codes_lock_the_account_for_half_an_hour(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    clock: MovedClock,
) -> None:
    token = await first_step(client, user.email)
    for _ in range(5):
        refused = await second_step(client, token, code=phone.wrong())
        assert code_of(refused) == (401, "INVALID_MFA_CODE")
    assert len(await rows(database, SignInFailure)) == 5
    locked = await second_step(client, token, code=phone.code())
    assert code_of(locked) == (423, "ACCOUNT_LOCKED")
    assert 1790 <= int(locked.headers["retry-after"]) <= 1800
    body = {"email": user.email, "password": PASSWORD}
    assert (await client.post("/auth/login", json=body)).status_code == 423
    assert await sessions(database) == 0
    clock.advance(timedelta(minutes=31))
    token = await first_step(client, user.email)
    assert (await second_step(client, token, code=phone.code())).status_code == 200


async def test_the_right_password_does_not_forgive_wrong_codes(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    for _ in range(4):
        token = await first_step(client, user.email)
        assert (await second_step(client, token, code=phone.wrong())).status_code == 401
    assert (await row(database, User)).failed_logins == 4
    token = await first_step(client, user.email)
    assert (await second_step(client, token, code=phone.code())).status_code == 200
    assert (await row(database, User)).failed_logins == 0


async def test_twenty_parallel_guesses_are_five_failures_and_a_lock(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    token = await first_step(client, user.email)
    answers = await asyncio.gather(
        *(second_step(client, token, code=phone.wrong()) for _ in range(20))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(423)) == (5, 15)
    assert await sessions(database) == 0


async def test_an_mfa_token_works_for_five_minutes(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    clock: MovedClock,
) -> None:
    late, in_time = [await first_step(client, user.email) for _ in range(2)]
    clock.advance(timedelta(minutes=4, seconds=40))
    assert (await second_step(client, in_time, code=phone.code())).status_code == 200
    clock.advance(timedelta(seconds=30))
    refused = await second_step(client, late, code=phone.code())
    assert code_of(refused) == (401, "INVALID_MFA_TOKEN")
    assert await sessions(database) == 1
    async with database.transaction() as tx:
        await purge_old_sessions(tx, PurgeOldSessions())
    assert await rows(database, PendingSignIn) == []


async def test_an_mfa_token_works_once(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    clock: MovedClock,
) -> None:
    token = await first_step(client, user.email)
    assert (await second_step(client, token, code=phone.code())).status_code == 200
    clock.advance(timedelta(seconds=30))
    refused = await second_step(client, token, code=phone.code())
    assert code_of(refused) == (401, "INVALID_MFA_TOKEN")
    assert await sessions(database) == 1


def resigned(change: Callable[[dict[str, Any]], dict[str, Any]], key: str) -> Callable[[str], str]:
    def tamper(token: str) -> str:
        claims = jwt.decode(token, options={"verify_signature": False})
        headers = {"kid": jwt.get_unverified_header(token)["kid"]}
        return jwt.encode(change(claims), key, algorithm="HS256", headers=headers)

    return tamper


SECRET = "a secret of the tests, 32 characters or more"


TAMPERED: list[Callable[[str], str]] = [
    lambda token: f"{token}x",
    lambda token: token[:-2],
    lambda token: token.rsplit(".", 1)[0] + ".",
    lambda _: "a.b.c",
    lambda _: "ñ",
    resigned(lambda claims: claims, SECRET[::-1]),
    resigned(lambda claims: claims | {"aud": "another"}, SECRET),
    resigned(lambda claims: claims | {"aud": ["mestore:second-step"]}, SECRET),
    resigned(lambda claims: claims | {"jti": "x"}, SECRET),
    resigned(lambda claims: {k: v for k, v in claims.items() if k != "aud"}, SECRET),
    resigned(lambda claims: {k: v for k, v in claims.items() if k != "exp"}, SECRET),
]


async def test_a_tampered_mfa_token_is_refused(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    token = await first_step(client, user.email)
    for number, tamper in enumerate(TAMPERED):
        refused = await second_step(client, tamper(token), code=phone.code())
        assert code_of(refused) == (401, "INVALID_MFA_TOKEN"), number
    assert await sessions(database) == 0
    assert (await row(database, User)).failed_logins == 0
    assert (await second_step(client, token, code=phone.code())).status_code == 200


async def test_mfa_tokens_and_access_tokens_do_not_stand_in_for_each_other(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone, as_user: AsUser
) -> None:
    mfa_token = await first_step(client, user.email)
    for method, path in (("GET", "/auth/me"), ("POST", "/auth/mfa/enable"), ("GET", "/cart")):
        headers = {"Authorization": f"Bearer {mfa_token}"}
        refused = await client.request(method, path, headers=headers)
        assert code_of(refused) == (401, "INVALID_ACCESS_TOKEN")
    refresh = await client.post("/auth/refresh", json={"refresh_token": mfa_token})
    assert code_of(refresh) == (422, "VALIDATION_FAILED")

    access_token = (await as_user(user))["Authorization"].removeprefix("Bearer ")
    before = await sessions(database)
    refused = await second_step(client, access_token, code=phone.code())
    assert code_of(refused) == (401, "INVALID_MFA_TOKEN")
    assert await sessions(database) == before


async def test_a_changed_password_ends_the_wait(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    token = await first_step(client, user.email)
    async with database.transaction() as tx:
        changed = update(User).values(password_hash=hash_of("Another-pass-1"))
        await tx.connection.execute(changed)
    refused = await second_step(client, token, code=phone.code())
    assert code_of(refused) == (401, "INVALID_MFA_TOKEN")
    assert await sessions(database) == 0


async def test_a_user_suspended_between_the_steps_does_not_get_in(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, phone: Phone
) -> None:
    token = await first_step(client, user.email)
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(is_active=False))
    refused = await second_step(client, token, code=phone.code())
    assert code_of(refused) == (403, "ACCOUNT_SUSPENDED")
    assert await sessions(database) == 0


async def test_the_guests_session_comes_along_from_either_step(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    phone: Phone,
    clock: MovedClock,
) -> None:
    hear(database, SignedIn)
    guest = {"Session-ID": "guest-0001"}
    token = await first_step(client, user.email, headers=guest)
    assert await guests(database) == []
    await second_step(client, token, code=phone.code())
    clock.advance(timedelta(seconds=30))
    body = {"mfa_token": await first_step(client, user.email), "code": phone.code()}
    await client.post("/auth/mfa/verify", json=body, headers={"Session-ID": "guest-0002"})
    assert await guests(database) == ["guest-0001", "guest-0002"]


async def test_registering_never_asks_for_a_second_step(client: httpx2.AsyncClient) -> None:
    body = {
        "email": "ana@example.com",
        "password": PASSWORD,
        "first_name": "Ana",
        "last_name": "Ejemplo",
    }
    answer = await client.post("/auth/register", json=body)
    assert (answer.status_code, answer.json()["requires_mfa"]) == (201, False)


class TestRequiredRoles:
    """With MFA_REQUIRED_ROLES=ADMIN,SUPERUSER."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(
            update={"mfa_required_roles": frozenset({UserType.ADMIN, UserType.SUPERUSER})}
        )

    async def test_staff_without_mfa_can_do_nothing_but_turn_it_on_and_leave(
        self,
        client: httpx2.AsyncClient,
        build: Build,
        sign_in: Callable[[str], Any],
    ) -> None:
        admin = await build.user(UserType.ADMIN)
        headers = await sign_in(admin.email)
        for method, path in (
            ("GET", "/cart"),
            ("GET", "/auth/passkeys"),
            ("POST", "/auth/passkeys/register/options"),
        ):
            refused = await client.request(method, path, headers=headers)
            assert code_of(refused) == (403, "MFA_ENROLLMENT_REQUIRED"), path
        for path in ("/auth/me", "/auth/sessions"):
            assert (await client.get(path, headers=headers)).status_code == 200
        assert (await client.post("/auth/mfa/enable", headers=headers)).status_code == 200
        assert (await client.post("/auth/logout", headers=headers)).status_code == 200

    async def test_with_mfa_on_everything_is_open_at_once(
        self, client: httpx2.AsyncClient, build: Build, as_user: AsUser, statements: list[str]
    ) -> None:
        headers = await as_user(await build.user(UserType.SUPERUSER))
        assert (await client.get("/auth/passkeys", headers=headers)).status_code == 403
        await enable(client, headers)
        assert (await client.get("/auth/passkeys", headers=headers)).status_code == 200
        statements.clear()
        assert (await client.get("/auth/passkeys", headers=headers)).status_code == 200
        assert len(statements) == 2

    async def test_other_roles_are_not_asked(
        self, client: httpx2.AsyncClient, build: Build, as_user: AsUser
    ) -> None:
        for user_type in (UserType.BUYER, UserType.VENDOR):
            headers = await as_user(await build.user(user_type))
            assert (await client.get("/auth/passkeys", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("environment", "written", "roles"),
    [
        ("development", None, set()),
        ("testing", None, set()),
        ("production", None, {UserType.ADMIN, UserType.SUPERUSER}),
        ("production", "", set()),
        ("development", "VENDOR, ADMIN", {UserType.VENDOR, UserType.ADMIN}),
    ],
)
def test_the_required_roles_are_as_set_or_the_staff_in_production(
    monkeypatch: pytest.MonkeyPatch, environment: str, written: str | None, roles: set[UserType]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)
    if written is not None:
        monkeypatch.setenv("MFA_REQUIRED_ROLES", written)
    assert Settings(_env_file=None).mfa_roles == roles


def test_a_role_that_does_not_exist_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_REQUIRED_ROLES", "ROOT")
    with pytest.raises(ValidationError, match="mfa_required_roles"):
        Settings(_env_file=None)
