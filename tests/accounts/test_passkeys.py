"""Passkeys: added by their owner, used once per challenge, at our pages, by verified users."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from mestore.accounts.errors.mfa import InvalidPasskey, PasskeyRejected
from mestore.accounts.events import SignedIn
from mestore.accounts.jobs import PurgeOldSessions, purge_old_sessions
from mestore.accounts.models import Passkey, PasskeyChallenge, PendingSignIn, Session, User
from mestore.accounts.service.mfa import reset_mfa
from mestore.accounts.service.passkeys import Passkeys
from mestore.accounts.types.passkeys import PasskeyPolicy
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.settings import Settings
from tests.accounts.authenticator import PRESENT, Authenticator, encoded
from tests.accounts.rows import hear, row, rows
from tests.accounts.two_step import Headers, code_of, enable, first_step, guests, second_step
from tests.build import Build, BuiltUser
from tests.conftest import AsUser, MovedClock

ELSEWHERE = "https://127.0.0.1.example.com"


@pytest.fixture
async def user(build: Build) -> BuiltUser:
    """A buyer."""
    return await build.user()


@pytest.fixture
async def headers(user: BuiltUser, as_user: AsUser) -> Headers:
    """The headers of `user`."""
    return await as_user(user)


@pytest.fixture
async def passkey(client: httpx2.AsyncClient, headers: Headers) -> Authenticator:
    """A passkey of `user`."""
    passkey = Authenticator()
    answer = await add(client, headers, passkey)
    assert answer.status_code == 201, answer.text
    return passkey.but(count=2)


async def offer(client: httpx2.AsyncClient, headers: Headers) -> dict[str, Any]:
    answer = await client.post("/auth/passkeys/register/options", headers=headers)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def add(
    client: httpx2.AsyncClient, headers: Headers, passkey: Authenticator, **more: str
) -> httpx2.Response:
    body = {"credential": passkey.make(await offer(client, headers)), **more}
    return await client.post("/auth/passkeys/register/verify", json=body, headers=headers)


async def ask(client: httpx2.AsyncClient, email: str | None = None) -> dict[str, Any]:
    body = {"email": email} if email else None
    answer = await client.post("/auth/passkeys/login/options", json=body)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def enter(client: httpx2.AsyncClient, credential: dict[str, Any]) -> httpx2.Response:
    return await client.post("/auth/passkeys/login/verify", json={"credential": credential})


async def sessions(database: Database) -> int:
    """Count the sessions; the fixtures open one."""
    return len(await rows(database, Session)) - 1


async def test_the_options_ask_for_a_passkey_that_verifies_its_user(
    client: httpx2.AsyncClient, user: BuiltUser, headers: Headers, passkey: Authenticator
) -> None:
    options = await offer(client, headers)
    assert options["rp"] == {"id": "127.0.0.1", "name": "MeStore"}
    assert options["user"]["id"] == encoded(user.id.bytes)
    assert options["user"]["name"] == user.email
    assert options["attestation"] == "none"
    assert options["timeout"] == 300_000
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    known = [credential["id"] for credential in options["excludeCredentials"]]
    assert known == [encoded(passkey.credential_id)]
    assert (await ask(client))["userVerification"] == "required"


async def test_a_passkey_is_added_and_listed(
    client: httpx2.AsyncClient, database: Database, headers: Headers
) -> None:
    answer = await add(client, headers, Authenticator(), name="My phone")
    assert answer.status_code == 201
    given = answer.json()
    assert given["name"] == "My phone"
    assert given["transports"] == ["internal", "hybrid"]
    assert given["last_used_at"] is None
    await add(client, headers, Authenticator())
    listed = await client.get("/auth/passkeys", headers=headers)
    first, second = listed.json()["passkeys"]
    assert first == given
    assert second["name"] == "Passkey"
    assert (await client.get("/auth/me", headers=headers)).json()["mfa_enabled"] is False
    assert await rows(database, PasskeyChallenge) == []


async def test_a_passkey_signs_in(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    headers: Headers,
    passkey: Authenticator,
) -> None:
    handle = encoded(user.id.bytes)
    answer = await enter(client, passkey.sign(await ask(client), handle))
    assert answer.status_code == 200
    assert answer.json()["user_id"] == str(user.id)
    assert answer.json()["user"]["last_login"] is not None
    mine = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    listed = (await client.get("/auth/passkeys", headers=mine)).json()["passkeys"]
    assert listed[0]["last_used_at"] is not None
    assert (await row(database, Passkey)).sign_count == 2
    assert await sessions(database) == 1


async def test_a_passkey_is_both_factors(
    client: httpx2.AsyncClient, headers: Headers, passkey: Authenticator
) -> None:
    await enable(client, headers)
    answer = await enter(client, passkey.sign(await ask(client)))
    assert (answer.status_code, answer.json()["requires_mfa"]) == (200, False)


async def test_the_guests_session_comes_along(
    client: httpx2.AsyncClient, database: Database, passkey: Authenticator
) -> None:
    hear(database, SignedIn)
    body = {"credential": passkey.sign(await ask(client))}
    guest = {"Session-ID": "guest-0001"}
    await client.post("/auth/passkeys/login/verify", json=body, headers=guest)
    assert await guests(database) == ["guest-0001"]


async def test_with_an_email_only_that_accounts_passkeys_sign_in(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    user: BuiltUser,
    passkey: Authenticator,
) -> None:
    other = await build.user()
    refused = await enter(client, passkey.sign(await ask(client, other.email)))
    assert code_of(refused) == (401, "INVALID_PASSKEY")
    assert await sessions(database) == 0
    assert (await enter(client, passkey.sign(await ask(client, user.email)))).status_code == 200


async def test_the_options_do_not_tell_who_has_an_account(
    client: httpx2.AsyncClient, user: BuiltUser, passkey: Authenticator, statements: list[str]
) -> None:
    seen, sent = [], []
    for email in (user.email, "nobody@example.com"):
        statements.clear()
        options = await ask(client, email)
        sent.append(list(statements))
        seen.append({**options, "challenge": len(options["challenge"])})
    assert seen[0] == seen[1]
    assert sent[0] == sent[1]
    assert seen[0]["allowCredentials"] == []


async def test_a_signature_that_is_not_as_asked_for_opens_nothing(
    client: httpx2.AsyncClient, database: Database, passkey: Authenticator
) -> None:
    before = await row(database, Passkey)
    changes: list[dict[str, Any]] = [
        {"origin": ELSEWHERE},
        {"origin": "http://127.0.0.1:8001"},
        {"rp_id": "example.com"},
        {"flags": PRESENT},
        {"flags": 0x04},
        {"key": Authenticator().key},
        {"credential_id": b"another credential"},
        {"count": 1},
        {"count": 0},
    ]
    for changed in changes:
        options = await ask(client)
        refused = await enter(client, passkey.but(**changed).sign(options))
        assert code_of(refused) == (401, "INVALID_PASSKEY"), changed
        # A wrong answer uses the challenge up as well.
        again = await enter(client, passkey.sign(options))
        assert code_of(again) == (401, "INVALID_PASSKEY"), changed
    assert await row(database, Passkey) == before
    assert await sessions(database) == 0


async def test_a_counter_that_does_not_go_on_is_refused_and_without_one_zero_is_fine(
    client: httpx2.AsyncClient, database: Database, headers: Headers, passkey: Authenticator
) -> None:
    assert (await enter(client, passkey.but(count=7).sign(await ask(client)))).status_code == 200
    for count in (7, 6, 0):
        refused = await enter(client, passkey.but(count=count).sign(await ask(client)))
        assert code_of(refused) == (401, "INVALID_PASSKEY")
    assert (await row(database, Passkey)).sign_count == 7
    without = Authenticator(count=0)
    await add(client, headers, without)
    for _ in range(2):
        assert (await enter(client, without.sign(await ask(client)))).status_code == 200


async def test_of_parallel_uses_of_one_counter_exactly_one_wins(
    client: httpx2.AsyncClient, database: Database, passkey: Authenticator
) -> None:
    signed = [passkey.sign(await ask(client)) for _ in range(4)]
    answers = await asyncio.gather(*(enter(client, credential) for credential in signed))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert await sessions(database) == 1


async def test_of_parallel_answers_to_one_challenge_exactly_one_wins(
    client: httpx2.AsyncClient, database: Database, passkey: Authenticator
) -> None:
    options = await ask(client)
    signed = [passkey.but(count=count).sign(options) for count in (2, 3, 4, 5)]
    answers = await asyncio.gather(*(enter(client, credential) for credential in signed))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert await sessions(database) == 1


async def test_challenges_are_for_one_purpose_and_five_minutes(
    client: httpx2.AsyncClient,
    database: Database,
    headers: Headers,
    passkey: Authenticator,
    clock: MovedClock,
) -> None:
    of_registration = await offer(client, headers)
    assert code_of(await enter(client, passkey.sign(of_registration))) == (401, "INVALID_PASSKEY")

    body = {"credential": Authenticator().make(await offer(client, headers) | await ask(client))}
    refused = await client.post("/auth/passkeys/register/verify", json=body, headers=headers)
    assert code_of(refused) == (422, "PASSKEY_REJECTED")

    late, late_registration = await ask(client), await offer(client, headers)
    clock.advance(timedelta(minutes=5, seconds=1))
    assert code_of(await enter(client, passkey.sign(late))) == (401, "INVALID_PASSKEY")
    body = {"credential": Authenticator().make(late_registration)}
    refused = await client.post("/auth/passkeys/register/verify", json=body, headers=headers)
    assert code_of(refused) == (422, "PASSKEY_REJECTED")
    assert await sessions(database) == 0
    assert len(await rows(database, Passkey)) == 1
    async with database.transaction() as tx:
        await purge_old_sessions(tx, PurgeOldSessions())
    assert await rows(database, PasskeyChallenge) == []


async def test_a_new_passkey_that_is_not_as_asked_for_is_not_added(
    client: httpx2.AsyncClient, database: Database, headers: Headers
) -> None:
    changes: list[dict[str, Any]] = [
        {"origin": ELSEWHERE},
        {"rp_id": "example.com"},
        {"flags": PRESENT},
        {"flags": 0x04},
    ]
    for changed in changes:
        refused = await add(client, headers, Authenticator().but(**changed))
        assert code_of(refused) == (422, "PASSKEY_REJECTED"), changed
    assert await rows(database, Passkey) == []


async def test_a_challenge_of_somebody_else_adds_nothing(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    headers: Headers,
) -> None:
    other = await as_user(await build.user())
    body = {"credential": Authenticator().make(await offer(client, other))}
    refused = await client.post("/auth/passkeys/register/verify", json=body, headers=headers)
    assert code_of(refused) == (422, "PASSKEY_REJECTED")
    assert await rows(database, Passkey) == []


async def test_a_passkey_belongs_to_one_user(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    passkey: Authenticator,
) -> None:
    other = await as_user(await build.user())
    assert code_of(await add(client, other, passkey)) == (409, "PASSKEY_TAKEN")
    assert len(await rows(database, Passkey)) == 1


async def test_a_signature_that_names_another_user_is_refused(
    client: httpx2.AsyncClient, database: Database, passkey: Authenticator
) -> None:
    handle = encoded(uuid7().bytes)
    refused = await enter(client, passkey.sign(await ask(client), handle))
    assert code_of(refused) == (401, "INVALID_PASSKEY")
    assert await sessions(database) == 0


async def test_only_its_owner_deletes_a_passkey_and_it_is_dead_then(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    headers: Headers,
    passkey: Authenticator,
) -> None:
    passkey_id = (await row(database, Passkey)).id
    other = await as_user(await build.user())
    for who, wanted in ((other, passkey_id), (headers, uuid7()), (headers, "no id")):
        refused = await client.delete(f"/auth/passkeys/{wanted}", headers=who)
        assert refused.status_code == 404
    assert (await client.get("/auth/passkeys", headers=other)).json() == {"passkeys": []}
    assert len(await rows(database, Passkey)) == 1
    gone = await client.delete(f"/auth/passkeys/{passkey_id}", headers=headers)
    assert (gone.status_code, gone.json()) == (200, {"success": True})
    refused = await enter(client, passkey.sign(await ask(client)))
    assert code_of(refused) == (401, "INVALID_PASSKEY")


async def test_twenty_passkeys_are_enough(
    client: httpx2.AsyncClient, database: Database, user: BuiltUser, headers: Headers
) -> None:
    options = await offer(client, headers)
    async with database.transaction() as tx:
        for number in range(20):
            values = {
                "id": uuid7(),
                "user_id": user.id,
                "digest": f"{number:064}",
                "credential_id": bytes([number]),
                "public_key": b"",
                "sign_count": 0,
                "transports": [],
                "name": "Sample",
                "created_at": now(),
            }
            await tx.connection.execute(insert(Passkey), values)
    asked = await client.post("/auth/passkeys/register/options", headers=headers)
    assert code_of(asked) == (409, "TOO_MANY_PASSKEYS")
    body = {"credential": Authenticator().make(options)}
    refused = await client.post("/auth/passkeys/register/verify", json=body, headers=headers)
    assert code_of(refused) == (409, "TOO_MANY_PASSKEYS")
    assert len(await rows(database, Passkey)) == 20


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ({"is_active": False}, (403, "ACCOUNT_SUSPENDED")),
        ({"locked_until": now() + timedelta(days=1)}, (423, "ACCOUNT_LOCKED")),
    ],
)
async def test_a_suspended_or_locked_user_does_not_get_in(
    client: httpx2.AsyncClient,
    database: Database,
    passkey: Authenticator,
    state: dict[str, Any],
    refusal: tuple[int, str],
) -> None:
    before = await row(database, Passkey)
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(**state))
    assert code_of(await enter(client, passkey.sign(await ask(client)))) == refusal
    assert await row(database, Passkey) == before
    assert await sessions(database) == 0


async def test_a_passkey_is_a_second_step_after_the_password(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    headers: Headers,
    passkey: Authenticator,
) -> None:
    await enable(client, headers)
    token = await first_step(client, user.email)
    answer = await second_step(client, token, passkey=passkey.sign(await ask(client)))
    assert (answer.status_code, answer.json()["user_id"]) == (200, str(user.id))
    assert await rows(database, PendingSignIn) == []
    assert await sessions(database) == 1


async def test_a_passkey_of_somebody_else_is_no_second_step(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    passkey: Authenticator,
) -> None:
    other = await build.user()
    await enable(client, await as_user(other))
    token = await first_step(client, other.email)
    before = await row(database, Passkey), await sessions(database)
    refused = await second_step(client, token, passkey=passkey.sign(await ask(client)))
    assert code_of(refused) == (401, "INVALID_PASSKEY")
    assert (await row(database, Passkey), await sessions(database)) == before


async def test_resetting_a_user_deletes_passkeys_and_challenges(
    client: httpx2.AsyncClient,
    database: Database,
    user: BuiltUser,
    headers: Headers,
    passkey: Authenticator,
) -> None:
    await offer(client, headers)
    await reset_mfa(database, user.email)
    assert await rows(database, Passkey) == await rows(database, PasskeyChallenge) == []


async def test_nobody_adds_or_sees_passkeys_without_signing_in(
    client: httpx2.AsyncClient,
) -> None:
    body = {"credential": Authenticator().make(await ask(client) | KEYS)}
    for method, path in (
        ("POST", "/auth/passkeys/register/options"),
        ("POST", "/auth/passkeys/register/verify"),
        ("GET", "/auth/passkeys"),
        ("DELETE", f"/auth/passkeys/{uuid7()}"),
    ):
        answer = await client.request(method, path, json=body)
        assert code_of(answer) == (401, "UNAUTHORIZED"), path


KEYS = {"pubKeyCredParams": [{}, {"type": "public-key", "alg": -7}]}


def cut(*path: str, to: object) -> Callable[[dict[str, Any]], None]:
    def change(credential: dict[str, Any]) -> None:
        for part in path[:-1]:
            credential = credential[part]
        credential[path[-1]] = to

    return change


MALFORMED: list[tuple[Callable[[dict[str, Any]], None], int]] = [
    (cut("type", to="password"), 422),
    (cut("rawId", to="!"), 422),
    (cut("rawId", to=""), 422),
    (cut("rawId", to="A" * 1401), 422),
    (cut("response", to=None), 422),
    (cut("response", "signature", to=None), 422),
    (cut("response", "clientDataJSON", to=""), 422),
    (cut("response", "clientDataJSON", to="A"), 401),
    (cut("response", "clientDataJSON", to=encoded(b"[]")), 401),
    (cut("response", "clientDataJSON", to=encoded(b'{"challenge": 1}')), 401),
    (cut("response", "authenticatorData", to="AAAA"), 401),
    (cut("response", "signature", to="AAAA"), 401),
    (cut("rawId", to="A"), 401),
    (cut("id", to="AAAA"), 401),
]


async def test_malformed_credentials_are_refused(
    client: httpx2.AsyncClient, database: Database, passkey: Authenticator
) -> None:
    for number, (change, status) in enumerate(MALFORMED):
        credential = passkey.sign(await ask(client))
        change(credential)
        assert (await enter(client, credential)).status_code == status, number
    assert await sessions(database) == 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(junk=st.binary(min_size=1, max_size=300))
def test_whatever_bytes_an_authenticator_sends_are_refused_and_never_break(
    make_checks: Passkeys, junk: bytes
) -> None:
    credential = Authenticator().make({"challenge": "AAAA", **KEYS})
    credential["response"]["attestationObject"] = encoded(junk)
    with pytest.raises(PasskeyRejected):
        make_checks._verify_making(credential, b"\0\0\0")


@pytest.fixture
def make_checks() -> Passkeys:
    """The verification of passkeys without a database."""
    return Passkeys(None, PasskeyPolicy("127.0.0.1", "", ("http://127.0.0.1:8000",)))  # type: ignore[arg-type]


async def test_a_key_that_cannot_be_read_refuses_its_passkey(
    database: Database, passkey: Authenticator, client: httpx2.AsyncClient
) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(update(Passkey).values(public_key=b"junk"))
    policy = PasskeyPolicy("127.0.0.1", "MeStore", ("http://127.0.0.1:8000",))
    with pytest.raises(InvalidPasskey):
        await Passkeys(database, policy).check(passkey.sign(await ask(client)))


@pytest.mark.parametrize(
    ("environment", "rp_id", "origins"),
    [
        ({}, "127.0.0.1", ("http://127.0.0.1:8000",)),
        ({"BASE_URL": "https://api.example.com/"}, "api.example.com", ("https://api.example.com",)),
        (
            {
                "BASE_URL": "https://api.example.com/shop",
                "PASSKEY_RP_ID": "example.com",
                "PASSKEY_ORIGINS": "https://example.com/, https://www.example.com",
            },
            "example.com",
            ("https://example.com", "https://www.example.com"),
        ),
        (
            {"BASE_URL": "https://api.example.com/v"},
            "api.example.com",
            ("https://api.example.com",),
        ),
    ],
)
def test_passkeys_are_made_for_the_host_of_this_api_or_as_set(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    rp_id: str,
    origins: tuple[str, ...],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    passkeys = Settings(_env_file=None).passkeys
    assert (passkeys.rp_id, passkeys.origins) == (rp_id, origins)
