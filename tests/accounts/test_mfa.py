"""Two-step sign-in is turned on by a code of the app, and off by the password and a code."""

import asyncio
import base64
import re
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import httpx2
import pyotp
import pytest
from sqlalchemy import update

from mestore.accounts.events import MfaDisabled, MfaEnabled
from mestore.accounts.models import BackupCode, MfaDevice, User
from mestore.accounts.repository.mfa import MfaRepository
from mestore.accounts.service.mfa import reset_mfa
from mestore.accounts.service.mfa_codes import matching_step
from mestore.accounts.service.sealing import Keys
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.accounts.rows import PASSWORD, hear, heard, row, rows
from tests.accounts.two_step import Phone, backup_codes, code_of, enable, first_step, second_step
from tests.build import Build
from tests.conftest import AsUser, MovedClock

pytestmark = pytest.mark.usefixtures("start_of_a_step")

# RFC 6238, appendix B: SHA-1, the last six of its eight digits.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_CODES = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert pyotp.TOTP(RFC_SECRET).at(seconds) == code


def test_a_code_fits_its_time_step_and_the_ones_beside_it() -> None:
    moment = now()
    step = int(moment.timestamp()) // 30
    code = pyotp.TOTP(RFC_SECRET).generate_otp(step)
    fits = [matching_step(RFC_SECRET, code, moment + timedelta(seconds=30) * n) for n in (-1, 0, 1)]
    assert fits == [step, step, step]
    for seconds in (-60, 60):
        assert matching_step(RFC_SECRET, code, moment + timedelta(seconds=seconds)) is None


def test_a_sealed_secret_opens_for_its_user_and_its_key_only() -> None:
    keys, user_id = Keys("a sample secret"), uuid7()
    sealed = keys.seal(user_id, RFC_SECRET)
    assert RFC_SECRET not in sealed
    assert keys.seal(user_id, RFC_SECRET) != sealed
    assert keys.unseal(user_id, sealed) == RFC_SECRET
    assert keys.unseal(uuid7(), sealed) is None
    assert Keys("another secret").unseal(user_id, sealed) is None
    assert keys.unseal(user_id, "no base64!") is None


def test_without_a_secret_there_is_no_key() -> None:
    with pytest.raises(ValueError, match="secret"):
        Keys("").seal(uuid7(), RFC_SECRET)


async def test_enabling_gives_what_an_app_needs_and_changes_nothing_yet(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    user = await build.user()
    headers = await as_user(user)
    answer = await client.post("/auth/mfa/enable", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert set(given) == {"secret", "otpauth_uri", "qr_svg"}
    assert len(base64.b32decode(given["secret"])) == 20
    uri = urlsplit(given["otpauth_uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == (
        "otpauth",
        "totp",
        f"/MeStore:{user.email}",
    )
    assert parse_qs(uri.query) == {"secret": [given["secret"]], "issuer": ["MeStore"]}
    assert ElementTree.fromstring(given["qr_svg"]).tag.endswith("svg")  # noqa: S314  our own text
    device = await row(database, MfaDevice)
    assert device.confirmed_at is None
    assert given["secret"] not in device.sealed_secret
    assert (await row(database, User)).mfa_enabled is False
    body = {"email": user.email, "password": PASSWORD}
    assert (await client.post("/auth/login", json=body)).json()["requires_mfa"] is False


async def test_a_first_code_turns_it_on(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    hear(database, MfaEnabled, MfaDisabled)
    user = await build.user()
    headers = await as_user(user)
    before = (await client.get("/auth/me", headers=headers)).headers["etag"]
    begun = await client.post("/auth/mfa/enable", headers=headers)
    code = Phone(begun.json()["secret"]).code()
    answer = await client.post(
        "/auth/mfa/verify", json={"code": f"{code[:3]} {code[3:]}"}, headers=headers
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True, "mfa_enabled": True})
    me = await client.get("/auth/me", headers=headers)
    assert me.json()["mfa_enabled"] is True
    assert me.headers["etag"] != before
    assert await heard(database) == [("MfaEnabled", {"user_id": str(user.id)})]


async def test_the_latest_secret_counts_until_one_is_confirmed(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    first, second = [
        Phone((await client.post("/auth/mfa/enable", headers=headers)).json()["secret"])
        for _ in range(2)
    ]
    assert first.secret != second.secret
    refused = await client.post("/auth/mfa/verify", json={"code": first.code()}, headers=headers)
    assert code_of(refused) == (422, "INVALID_MFA_PROOF")
    answer = await client.post("/auth/mfa/verify", json={"code": second.code()}, headers=headers)
    assert answer.status_code == 200


async def test_enabling_again_while_it_is_on_is_a_conflict(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    phone = await enable(client, headers)
    before = await row(database, MfaDevice)
    assert code_of(await client.post("/auth/mfa/enable", headers=headers)) == (
        409,
        "MFA_ALREADY_ENABLED",
    )
    again = await client.post("/auth/mfa/verify", json={"code": phone.code(1)}, headers=headers)
    assert code_of(again) == (409, "MFA_ALREADY_ENABLED")
    assert await row(database, MfaDevice) == before


async def test_parallel_beginnings_leave_one_secret(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    answers = await asyncio.gather(
        *(client.post("/auth/mfa/enable", headers=headers) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert sum(answer.status_code == 200 for answer in answers) >= 1
    assert len(await rows(database, MfaDevice)) == 1


async def test_without_a_beginning_there_is_nothing_to_confirm_or_to_turn_off(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    calls = [
        client.post("/auth/mfa/verify", json={"code": "123456"}, headers=headers),
        client.get("/auth/mfa/backup-codes", headers=headers),
        client.post(
            "/auth/mfa/disable", json={"password": PASSWORD, "code": "123456"}, headers=headers
        ),
    ]
    assert [code_of(await call) for call in calls] == [(409, "MFA_NOT_ENABLED")] * 3
    assert (await row(database, User)).failed_logins == 0


async def test_an_unconfirmed_app_gives_no_backup_codes(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    await client.post("/auth/mfa/enable", headers=headers)
    refused = await client.get("/auth/mfa/backup-codes", headers=headers)
    assert code_of(refused) == (409, "MFA_NOT_ENABLED")
    assert await rows(database, BackupCode) == []


async def test_nobody_does_any_of_it_without_signing_in(client: httpx2.AsyncClient) -> None:
    for method, path, body in (
        ("POST", "/auth/mfa/enable", None),
        ("POST", "/auth/mfa/verify", {"code": "123456"}),
        ("GET", "/auth/mfa/backup-codes", None),
        ("POST", "/auth/mfa/disable", {"password": PASSWORD, "code": "123456"}),
    ):
        answer = await client.request(method, path, json=body)
        assert code_of(answer) == (401, "UNAUTHORIZED"), path


async def test_malformed_codes_are_422(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    bodies: list[object] = [
        {},
        {"code": 123456},
        {"code": "12345"},
        {"code": "1" * 21},
        {"code": "١٢٣٤٥٦"},
        {"code": "12345\x00"},
        {"code": "123456", "extra": 1},
        {"mfa_token": "x"},
        {"mfa_token": "x", "code": None},
        {"passkey": {}},
        [],
    ]
    for body in bodies:
        answer = await client.post("/auth/mfa/verify", json=body, headers=headers)
        assert code_of(answer) == (422, "VALIDATION_FAILED"), body


async def test_five_wrong_first_codes_lock_the_account(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    clock: MovedClock,
) -> None:
    headers = await as_user(await build.user())
    phone = Phone((await client.post("/auth/mfa/enable", headers=headers)).json()["secret"])
    for _ in range(5):
        refused = await client.post(
            "/auth/mfa/verify", json={"code": phone.wrong()}, headers=headers
        )
        assert code_of(refused) == (422, "INVALID_MFA_PROOF")
    locked = await client.post("/auth/mfa/verify", json={"code": phone.code()}, headers=headers)
    assert code_of(locked) == (423, "ACCOUNT_LOCKED")
    assert (await row(database, User)).mfa_enabled is False
    clock.advance(timedelta(minutes=31))
    answer = await client.post("/auth/mfa/verify", json={"code": phone.code()}, headers=headers)
    assert answer.status_code == 200


async def test_backup_codes_are_ten_and_stored_by_digest_only(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    await enable(client, headers)
    answer = await client.get("/auth/mfa/backup-codes", headers=headers)
    assert answer.headers["cache-control"] == "no-store"
    codes = answer.json()["backup_codes"]
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[A-Z2-7]{5}-[A-Z2-7]{5}", code) for code in codes)
    stored = str(await rows(database, BackupCode))
    assert len(await rows(database, BackupCode)) == 10
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


async def test_a_new_set_of_backup_codes_voids_the_old_one(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    user = await build.user()
    headers = await as_user(user)
    await enable(client, headers)
    old = await backup_codes(client, headers)
    new = await backup_codes(client, headers)
    assert set(old).isdisjoint(new)
    token = await first_step(client, user.email)
    assert code_of(await second_step(client, token, code=old[0])) == (401, "INVALID_MFA_CODE")
    assert (await second_step(client, token, code=new[0])).status_code == 200
    assert len(await rows(database, BackupCode)) == 9


async def test_of_parallel_new_sets_one_is_left(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    await enable(client, headers)
    await asyncio.gather(*(backup_codes(client, headers) for _ in range(5)))
    assert len(await rows(database, BackupCode)) == 10


@pytest.mark.parametrize("with_backup_code", [False, True])
async def test_turning_it_off_needs_the_password_and_a_code(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    clock: MovedClock,
    with_backup_code: bool,
) -> None:
    hear(database, MfaDisabled)
    user = await build.user()
    headers = await as_user(user)
    phone = await enable(client, headers)
    codes = await backup_codes(client, headers)
    clock.advance(timedelta(seconds=30))

    async def turn_off(password: str, code: str) -> httpx2.Response:
        body = {"password": password, "code": code}
        return await client.post("/auth/mfa/disable", json=body, headers=headers)

    right = codes[3].lower() if with_backup_code else phone.code()
    for refused in (await turn_off("Wrong-pass-1", right), await turn_off(PASSWORD, phone.wrong())):
        assert code_of(refused) == (422, "INVALID_MFA_PROOF")
    stored = await row(database, User)
    assert (stored.mfa_enabled, stored.failed_logins) == (True, 2)
    assert len(await rows(database, BackupCode)) == 10
    assert await heard(database) == []

    answer = await turn_off(PASSWORD, right)
    assert (answer.status_code, answer.json()) == (200, {"success": True, "mfa_enabled": False})
    assert (await row(database, User)).mfa_enabled is False
    assert await rows(database, MfaDevice) == []
    assert await rows(database, BackupCode) == []
    assert await heard(database) == [("MfaDisabled", {"user_id": str(user.id)})]
    assert (await client.post("/auth/mfa/enable", headers=headers)).status_code == 200


async def test_five_wrong_proofs_keep_it_on_and_lock_the_account(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    clock: MovedClock,
) -> None:
    user = await build.user()
    headers = await as_user(user)
    phone = await enable(client, headers)
    clock.advance(timedelta(seconds=30))
    body = {"password": PASSWORD, "code": phone.wrong()}
    for _ in range(5):
        assert (
            await client.post("/auth/mfa/disable", json=body, headers=headers)
        ).status_code == 422
    body["code"] = phone.code()
    locked = await client.post("/auth/mfa/disable", json=body, headers=headers)
    assert code_of(locked) == (423, "ACCOUNT_LOCKED")
    assert (await row(database, User)).mfa_enabled is True


async def test_a_changed_sign_in_secret_voids_the_app(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    user = await build.user()
    headers = await as_user(user)
    phone = await enable(client, headers)
    sealed = Keys("the secret of before").seal(user.id, phone.secret)
    async with database.transaction() as tx:
        await tx.connection.execute(update(MfaDevice).values(sealed_secret=sealed))
    token = await first_step(client, user.email)
    refused = await second_step(client, token, code=phone.code(1))
    assert code_of(refused) == (401, "INVALID_MFA_CODE")


async def test_the_operator_lets_in_who_lost_the_phone_even_if_locked(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser, clock: MovedClock
) -> None:
    user = await build.user()
    headers = await as_user(user)
    await enable(client, headers)
    await backup_codes(client, headers)
    await first_step(client, user.email)
    with pytest.raises(ValueError, match="no account"):
        await reset_mfa(database, "nobody@example.com")
    assert len(await rows(database, BackupCode)) == 10
    async with database.transaction() as tx:
        locked = update(User).values(locked_until=now() + timedelta(minutes=30))
        await tx.connection.execute(locked)
    await reset_mfa(database, user.email.upper())
    assert (await row(database, User)).mfa_enabled is False
    assert await rows(database, MfaDevice) == await rows(database, BackupCode) == []
    assert (await client.get("/auth/me", headers=headers)).status_code == 401
    clock.advance(timedelta(minutes=31))
    body = {"email": user.email, "password": PASSWORD}
    assert (await client.post("/auth/login", json=body)).json()["requires_mfa"] is False


async def test_a_secret_that_was_replaced_meanwhile_is_not_confirmed(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    user = await build.user()
    await client.post("/auth/mfa/enable", headers=await as_user(user))
    async with database.transaction() as tx:
        assert not await MfaRepository(tx.connection).confirm(user.id, "another", now())
    assert (await row(database, MfaDevice)).confirmed_at is None
