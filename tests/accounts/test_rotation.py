"""Another SECRET_KEY: what the one of before signed and sealed stays good until it is dropped."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from mestore import bootstrap
from mestore.accounts.errors import InvalidAccessToken
from mestore.accounts.models import MfaDevice
from mestore.accounts.service.mfa_codes import Codes
from mestore.accounts.service.sealing import EXTERNAL_SIGN_INS, Keys
from mestore.accounts.service.second_step import MfaTokens
from mestore.accounts.service.signing import check_signing, kid_of
from mestore.accounts.service.tokens import AccessTokens
from mestore.accounts.types import SignInPolicy
from mestore.bootstrap import App
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.settings import Environment, Settings
from tests.accounts.rows import row
from tests.accounts.test_tokens import SESSION, USER
from tests.accounts.two_step import backup_codes, enable, first_step, second_step
from tests.build import Build
from tests.conftest import AsUser, MovedClock

OLD = "a secret of the tests of 32 characters or more"
NEW = "another secret of the tests, of 32 characters"
BEFORE = SignInPolicy(secret=OLD)
AFTER = SignInPolicy(secret=NEW, old_secrets=(OLD,))
DROPPED = SignInPolicy(secret=NEW)


def test_a_token_names_its_key() -> None:
    token = AccessTokens(BEFORE).issue(USER, SESSION, now())
    kid = jwt.get_unverified_header(token)["kid"]
    assert kid == kid_of(OLD) == hashlib.sha256(OLD.encode()).hexdigest()[:8]


def test_a_token_of_before_works_until_its_key_is_dropped() -> None:
    old = AccessTokens(BEFORE).issue(USER, SESSION, now())
    assert AccessTokens(AFTER).read(old).sid == SESSION
    with pytest.raises(InvalidAccessToken):
        AccessTokens(DROPPED).read(old)
    new = AccessTokens(AFTER).issue(USER, SESSION, now())
    assert jwt.get_unverified_header(new)["kid"] == kid_of(NEW)
    assert AccessTokens(DROPPED).read(new).sid == SESSION


@pytest.mark.parametrize("headers", [None, {"kid": "00000000"}, {"kid": ""}, {"kid": kid_of(NEW)}])
def test_a_token_whose_header_names_another_key_or_none_is_refused(
    headers: dict[str, str] | None,
) -> None:
    good = AccessTokens(BEFORE).issue(USER, SESSION, now())
    claims = jwt.decode(good, OLD, algorithms=["HS256"])
    with pytest.raises(InvalidAccessToken):
        AccessTokens(AFTER).read(jwt.encode(claims, OLD, algorithm="HS256", headers=headers))


def test_an_mfa_token_of_before_works_too() -> None:
    pending = uuid7()
    token = MfaTokens(BEFORE).issue(pending, USER.id, now())
    assert MfaTokens(AFTER).read(token) == pending


def test_what_was_sealed_opens_with_an_old_key_and_not_without() -> None:
    owner = uuid7()
    for purpose in ("mfa secrets", EXTERNAL_SIGN_INS):
        sealed = Keys.of(BEFORE).seal(owner, "sample", purpose)
        assert Keys.of(AFTER).unseal(owner, sealed, purpose) == "sample"
        assert Keys.of(DROPPED).unseal(owner, sealed, purpose) is None
        assert Keys.of(AFTER).unseal(uuid7(), sealed, purpose) is None
        assert Keys.of(AFTER).unseal(owner, sealed, "another purpose") is None
    assert Keys.of(AFTER).unseal(owner, "no base64!") is None
    mark = Keys.of(BEFORE).mark_of_password("hash")
    assert Keys.of(AFTER).is_mark(mark, "hash")
    assert not Keys.of(AFTER).is_mark(mark, "another hash")
    assert not Keys.of(DROPPED).is_mark(mark, "hash")


@pytest.mark.usefixtures("start_of_a_step")
async def test_an_app_opens_after_a_rotation_and_is_sealed_anew(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    clock: MovedClock,
) -> None:
    user = await build.user()
    headers = await as_user(user)
    phone = await enable(client, headers)
    backup, *_ = await backup_codes(client, headers)
    before = (await row(database, MfaDevice)).sealed_secret
    clock.advance(timedelta(seconds=30))
    async with database.transaction() as tx:
        old_secrets = tx.policy(SignInPolicy).secrets
        codes = Codes(tx.connection, Keys(NEW, old_secrets))
        assert await codes.accept(user.id, phone.code(), now())
        assert not await codes.accept(user.id, phone.code(), now())
        assert await codes.accept(user.id, backup, now())
        assert not await codes.accept(user.id, backup, now())
    after = (await row(database, MfaDevice)).sealed_secret
    assert after != before
    clock.advance(timedelta(seconds=30))
    async with database.transaction() as tx:
        assert await Codes(tx.connection, Keys.of(DROPPED)).accept(user.id, phone.code(), now())
    assert (await row(database, MfaDevice)).sealed_secret == after


async def test_a_sign_in_that_waits_goes_on_after_a_rotation(
    client: httpx2.AsyncClient,
    app: FastAPI,
    program: App,
    database: Database,
    build: Build,
    as_user: AsUser,
    clock: MovedClock,
) -> None:
    user = await build.user()
    headers = await as_user(user)
    phone = await enable(client, headers)
    token = await first_step(client, user.email)
    clock.advance(timedelta(seconds=30))
    rotated = replace(AFTER, old_secrets=program.sign_in_policy.secrets)
    app.state.sign_in_policy = rotated
    database.policies = {**database.policies, SignInPolicy: rotated}
    opened = await second_step(client, token, code=phone.code())
    assert opened.status_code == 200, opened.text
    assert jwt.get_unverified_header(opened.json()["access_token"])["kid"] == kid_of(NEW)
    assert (await client.get("/auth/me", headers=headers)).status_code == 200
    app.state.sign_in_policy = DROPPED
    assert (await client.get("/auth/me", headers=headers)).status_code == 401


def test_a_code_that_was_sent_is_right_after_a_rotation() -> None:
    code_id = uuid7()
    (old,) = Keys.of(BEFORE).digests_of_sent_code(code_id, "123123")
    new, *others = Keys.of(AFTER).digests_of_sent_code(code_id, "123123")
    assert others == [old]
    assert new != old
    assert Keys.of(DROPPED).digests_of_sent_code(code_id, "123123") == [new]


async def test_old_keys_come_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None, data_dir=tmp_path, secret_key=SecretStr(NEW), secret_keys_old=f"{OLD}, x"
    )
    app = bootstrap.build(settings)
    assert app.sign_in_policy.secrets == (NEW, OLD, "x")
    await app.close()
    assert OLD not in repr(settings)
    assert OLD not in repr(app.sign_in_policy)
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    assert any(problem.startswith("SECRET_KEYS_OLD") for problem in production.problems())


async def test_health_says_that_people_can_sign_in(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/auth/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "token_signing": "ok", "database": "ok"}


def test_signing_without_a_key_is_found_out() -> None:
    with pytest.raises(jwt.PyJWTError):
        check_signing(SignInPolicy())
