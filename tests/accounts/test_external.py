"""Signing in through an outside provider: what is believed of it, and which account it opens."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import update

from mestore.accounts.models import (
    Consent,
    ExternalIdentity,
    ExternalSignIn,
    PendingSignIn,
    Session,
    User,
)
from mestore.accounts.types import UserType
from mestore.accounts.types.external import ExternalPolicy, OidcClient
from mestore.kernel.db import Database
from mestore.settings import Environment, Settings
from tests.accounts.inbox import is_stored
from tests.accounts.issuer import CLIENT_ID, CLIENT_SECRET, Issuer, new_key, running
from tests.accounts.rows import row, rows
from tests.accounts.two_step import code_of, enable, second_step
from tests.build import Build
from tests.conftest import AsUser, MovedClock

SHOP = "https://shop.example.com"
BACK = "http://127.0.0.1:8000/api/v1/auth/oidc/local/callback"


@pytest.fixture(scope="session")
def one_issuer() -> Iterator[Issuer]:
    """An issuer that lasts the session."""
    with running() as issuer:
        yield issuer


@pytest.fixture
def issuer(one_issuer: Issuer) -> Issuer:
    """An issuer that behaves."""
    one_issuer.reset()
    return one_issuer


@pytest.fixture
def settings(settings: Settings, issuer: Issuer) -> Settings:
    """The settings of a program that believes the issuer."""
    known = OidcClient(
        name="local",
        issuer=issuer.url,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
    )
    other = known.model_copy(update={"name": "other"})
    return settings.model_copy(update={"oidc_providers": [known, other], "storefront_url": SHOP})


async def begin(client: httpx2.AsyncClient, back: str = BACK) -> dict[str, str]:
    """Begin a sign-in, sign in at the issuer, and return what the browser comes back with."""
    begun = await client.get("/auth/oidc/local/start", params={"redirect_uri": back})
    assert begun.status_code == 200, begun.text
    async with httpx2.AsyncClient(trust_env=False) as browser:
        sent = await browser.get(begun.json()["authorization_url"])
    assert sent.status_code == 302, sent.text
    came = {
        name: value for name, (value,) in parse_qs(urlsplit(sent.headers["location"]).query).items()
    }
    assert came["state"] == begun.json()["state"]
    return came | {"redirect_uri": back}


async def finish(
    client: httpx2.AsyncClient, body: dict[str, str], provider: str = "local"
) -> httpx2.Response:
    return await client.post(f"/auth/oidc/{provider}/callback", json=body)


async def sign_in(client: httpx2.AsyncClient) -> httpx2.Response:
    return await finish(client, await begin(client))


async def test_a_new_person_becomes_a_buyer_whose_email_is_verified(
    client: httpx2.AsyncClient, database: Database, issuer: Issuer
) -> None:
    answer = await sign_in(client)
    assert answer.status_code == 200, answer.text
    user = answer.json()["user"]
    assert (user["email"], user["user_type"]) == ("ana@example.com", "BUYER")
    assert (user["first_name"], user["last_name"]) == ("Ana", "Ejemplo")
    assert user["email_verified"] is True
    me = await client.get(
        "/auth/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"}
    )
    assert me.json()["id"] == user["id"]
    identity = await row(database, ExternalIdentity)
    assert (identity.provider, identity.subject) == ("local", "subject-1")
    assert (await row(database, Consent)).document == "terms"
    assert await rows(database, ExternalSignIn) == []


async def test_nobody_signs_in_by_password_to_an_account_without_one(
    client: httpx2.AsyncClient,
) -> None:
    await sign_in(client)
    for password in ("!", "Sample-pass-1"):
        body = {"email": "ana@example.com", "password": password}
        assert code_of(await client.post("/auth/login", json=body)) == (401, "INVALID_CREDENTIALS")


async def test_who_comes_again_is_known_by_the_subject_not_the_email(
    client: httpx2.AsyncClient, database: Database, issuer: Issuer
) -> None:
    first = (await sign_in(client)).json()
    issuer.person |= {"email": "other@example.com", "email_verified": False}
    second = (await sign_in(client)).json()
    assert second["user_id"] == first["user_id"]
    assert len(await rows(database, User)) == 1


async def test_an_account_with_the_same_verified_email_is_linked(
    client: httpx2.AsyncClient, database: Database, build: Build, issuer: Issuer
) -> None:
    user = await build.user(email="ana@example.com")
    issuer.person["email"] = "Ana@Example.com"
    answer = await sign_in(client)
    assert answer.json()["user_id"] == str(user.id)
    assert (await row(database, ExternalIdentity)).user_id == user.id


async def test_an_email_that_the_provider_did_not_verify_opens_nothing(
    client: httpx2.AsyncClient, database: Database, build: Build, issuer: Issuer
) -> None:
    await build.user(email="ana@example.com")
    for email, says in (
        ("ana@example.com", False),
        ("ana@example.com", None),
        ("ana@example.com", "false"),
        ("ana@example.com", 1),
        ("nobody@example.com", False),
        ("no address", True),
        (None, True),
    ):
        issuer.person |= {"email": email, "email_verified": says}
        assert code_of(await sign_in(client)) == (409, "EXTERNAL_EMAIL_UNVERIFIED")
    assert await rows(database, ExternalIdentity) == []
    assert await rows(database, Session) == []
    assert len(await rows(database, User)) == 1


async def test_an_account_that_a_stranger_may_have_registered_is_not_linked(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    await build.user(email="ana@example.com")
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(email_verified=False))
    assert code_of(await sign_in(client)) == (409, "ACCOUNT_EMAIL_UNVERIFIED")
    assert await rows(database, ExternalIdentity) == []
    assert await rows(database, Session) == []


async def test_two_first_sign_ins_at_once_make_one_account(
    client: httpx2.AsyncClient, database: Database
) -> None:
    came = [await begin(client) for _ in range(3)]
    answers = await asyncio.gather(*(finish(client, each) for each in came))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert len(await rows(database, User)) == 1
    assert len(await rows(database, ExternalIdentity)) == 1


async def test_with_mfa_the_second_step_is_still_to_come(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser, clock: MovedClock
) -> None:
    user = await build.user(email="ana@example.com")
    phone = await enable(client, await as_user(user))
    clock.advance(timedelta(seconds=30))
    before = len(await rows(database, Session))
    answer = (await sign_in(client)).json()
    assert (answer["requires_mfa"], set(answer)) == (True, {"requires_mfa", "mfa_token", "user_id"})
    assert len(await rows(database, Session)) == before
    assert len(await rows(database, PendingSignIn)) == 1
    opened = await second_step(client, answer["mfa_token"], code=phone.code())
    assert opened.json()["user_id"] == str(user.id)


async def test_a_suspended_user_is_refused_linked_or_not(
    client: httpx2.AsyncClient, database: Database, build: Build
) -> None:
    await build.user(email="ana@example.com", is_active=False)
    assert code_of(await sign_in(client)) == (403, "ACCOUNT_SUSPENDED")
    assert await rows(database, ExternalIdentity) == []
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(is_active=True))
    assert (await sign_in(client)).status_code == 200
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(is_active=False))
    assert code_of(await sign_in(client)) == (403, "ACCOUNT_SUSPENDED")
    assert len(await rows(database, Session)) == 1


async def test_an_erased_account_is_unknown_to_the_provider_s_subject(
    client: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    first = (await sign_in(client)).json()["user_id"]
    admin = await as_user(await build.user(UserType.SUPERUSER))
    assert (await client.delete(f"/users/{first}", headers=admin)).status_code < 300
    assert await rows(database, ExternalIdentity) == []
    assert not await is_stored(database, "subject-1")
    assert (await sign_in(client)).json()["user_id"] != first


WRONG: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another client"},
    {"aud": [CLIENT_ID, "another client"]},
    {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
    {"aud": None},
    {"iss": "https://elsewhere.example.com"},
    {"iss": None},
    {"exp": 1},
    {"exp": None},
    {"sub": ""},
    {"sub": "x" * 256},
    {"sub": None},
]


async def test_an_id_token_that_says_something_wrong_is_refused(
    client: httpx2.AsyncClient, database: Database, issuer: Issuer
) -> None:
    for wrong in WRONG:
        issuer.wrong = wrong
        assert code_of(await sign_in(client)) == (401, "EXTERNAL_SIGN_IN_REFUSED"), wrong
    assert await rows(database, User) == []


async def test_an_id_token_for_several_clients_and_us_is_good(
    client: httpx2.AsyncClient, issuer: Issuer
) -> None:
    issuer.wrong = {"aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID}
    assert (await sign_in(client)).status_code == 200


async def test_only_the_provider_s_own_signature_counts(
    client: httpx2.AsyncClient, database: Database, issuer: Issuer
) -> None:
    for algorithm, key in (
        ("none", None),
        ("HS256", CLIENT_SECRET.ljust(32, "x")),
        ("RS512", issuer.key),
        ("RS256", new_key()),
    ):
        issuer.algorithm, issuer.signs_with = algorithm, key
        assert code_of(await sign_in(client)) == (401, "EXTERNAL_SIGN_IN_REFUSED")
    assert await rows(database, User) == []


async def test_a_new_key_of_the_provider_is_fetched_when_it_is_met(
    client: httpx2.AsyncClient, issuer: Issuer
) -> None:
    await sign_in(client)
    await sign_in(client)
    assert issuer.calls.count("/keys") == 1
    assert issuer.calls.count("/.well-known/openid-configuration") == 1
    old_key, old_kid = issuer.key, issuer.kid
    issuer.key, issuer.kid = new_key(), "second"
    assert (await sign_in(client)).status_code == 200
    assert issuer.calls.count("/keys") == 2
    issuer.wrong, issuer.signs_with = {}, old_key
    assert code_of(await sign_in(client)) == (401, "EXTERNAL_SIGN_IN_REFUSED")
    issuer.key, issuer.kid = old_key, old_kid


async def test_a_state_works_once_also_for_two_at_once(
    client: httpx2.AsyncClient, database: Database
) -> None:
    came = await begin(client)
    answers = await asyncio.gather(*(finish(client, came) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    assert code_of(await finish(client, came)) == (401, "INVALID_EXTERNAL_STATE")
    assert len(await rows(database, Session)) == 1


async def test_a_state_is_good_for_its_provider_its_address_and_ten_minutes(
    client: httpx2.AsyncClient, database: Database, clock: MovedClock
) -> None:
    refused = (401, "INVALID_EXTERNAL_STATE")
    assert code_of(await finish(client, await begin(client), "other")) == refused
    assert code_of(await finish(client, await begin(client) | {"redirect_uri": SHOP})) == refused
    assert code_of(await finish(client, await begin(client) | {"state": "another"})) == refused
    late = await begin(client)
    clock.advance(timedelta(minutes=10, seconds=1))
    assert code_of(await finish(client, late)) == refused
    assert await rows(database, User) == []


async def test_a_code_that_the_provider_does_not_know_is_refused(
    client: httpx2.AsyncClient, database: Database
) -> None:
    came = await begin(client)
    answer = await finish(client, came | {"code": "another"})
    assert code_of(answer) == (401, "EXTERNAL_SIGN_IN_REFUSED")
    # PKCE: a code of one sign-in does not go with the state of another.
    one, two = await begin(client), await begin(client)
    answer = await finish(client, two | {"code": one["code"]})
    assert code_of(answer) == (401, "EXTERNAL_SIGN_IN_REFUSED")
    assert await rows(database, User) == []


async def test_what_goes_out_with_the_browser_is_not_stored_readably(
    client: httpx2.AsyncClient, database: Database
) -> None:
    begun = await client.get("/auth/oidc/local/start", params={"redirect_uri": SHOP})
    query = parse_qs(urlsplit(begun.json()["authorization_url"]).query)
    assert (query["tenant"], query["redirect_uri"]) == (["1"], [SHOP])
    assert query["scope"] == ["openid email profile"]
    for name in ("state", "nonce", "code_challenge"):
        assert not await is_stored(database, query[name][0])


async def test_browsers_come_back_to_allowed_addresses_only(
    client: httpx2.AsyncClient, database: Database
) -> None:
    for back in (f"{BACK}/", f"{SHOP}.evil.example.com", f"{SHOP}/x", "javascript:x", BACK[:-1]):
        answer = await client.get("/auth/oidc/local/start", params={"redirect_uri": back})
        assert code_of(answer) == (422, "REDIRECT_NOT_ALLOWED"), back
    assert await rows(database, ExternalSignIn) == []


def test_an_address_of_the_operator_s_list_may_name_the_provider() -> None:
    policy = ExternalPolicy(("https://app.example.com/back/{provider}",))
    assert policy.allows("local", "https://app.example.com/back/local")
    assert not policy.allows("local", "https://app.example.com/back/other")


async def test_while_the_provider_is_down_the_answer_is_503(
    client: httpx2.AsyncClient, database: Database, issuer: Issuer
) -> None:
    issuer.is_down = True
    answer = await client.get("/auth/oidc/local/start", params={"redirect_uri": BACK})
    assert code_of(answer) == (503, "PROVIDER_UNAVAILABLE")
    assert await rows(database, ExternalSignIn) == []
    issuer.is_down = False
    came = await begin(client)
    issuer.is_down = True
    assert code_of(await finish(client, came)) == (503, "PROVIDER_UNAVAILABLE")
    issuer.is_down = False
    assert (await sign_in(client)).status_code == 200


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    client: httpx2.AsyncClient, issuer: Issuer
) -> None:
    issuer.methods = ["client_secret_post"]
    assert (await sign_in(client)).status_code == 200


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(
    client: httpx2.AsyncClient, issuer: Issuer
) -> None:
    issuer.url = f"{issuer.url}/"
    try:
        answer = await client.get("/auth/oidc/local/start", params={"redirect_uri": BACK})
        assert code_of(answer) == (503, "PROVIDER_UNAVAILABLE")
    finally:
        issuer.url = issuer.url.rstrip("/")


async def test_the_providers_are_listed_and_others_are_404(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/auth/oidc")).json() == {"providers": ["local", "other"]}
    answer = await client.get("/auth/oidc/nobody/start", params={"redirect_uri": BACK})
    assert code_of(answer) == (404, "UNKNOWN_PROVIDER")


def test_the_client_s_secret_is_not_shown(settings: Settings) -> None:
    assert CLIENT_SECRET not in repr(settings)


GOOGLE = {"name": "google", "issuer": "https://accounts.google.com", "client_id": "us"}


def test_providers_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = GOOGLE | {"client_secret": CLIENT_SECRET}
    monkeypatch.setenv("OIDC_PROVIDERS", json.dumps([given]))
    (client,) = Settings(_env_file=None).oidc_providers
    assert (client.name, client.scopes) == ("google", "openid email profile")
    for wrong in ([given, given], [given | {"issuer": "no address"}], [GOOGLE]):
        monkeypatch.setenv("OIDC_PROVIDERS", json.dumps(wrong))
        with pytest.raises(ValidationError):
            Settings(_env_file=None)


def test_production_believes_no_issuer_without_https() -> None:
    for issuer, expected in (("http://issuer.example.com", 1), ("https://issuer.example.com", 0)):
        given = GOOGLE | {"issuer": issuer, "client_secret": CLIENT_SECRET}
        settings = Settings(
            _env_file=None,
            environment=Environment.PRODUCTION,
            oidc_providers=[OidcClient.model_validate(given)],
        )
        found = [each for each in settings.problems() if each.startswith("OIDC_PROVIDERS")]
        assert len(found) == expected
