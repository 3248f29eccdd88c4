"""Registering: an account, what was agreed to, and a sign-in, all or nothing."""

import asyncio

import httpx2
import pytest

from mestore.accounts.events import SignedIn, UserRegistered
from mestore.accounts.models import Consent, RefreshToken, Session, User
from mestore.accounts.types import UserType
from mestore.kernel.db import Database
from tests.accounts.rows import PASSWORD, hear, heard, person, row, rows


async def nobody_was_added(database: Database) -> bool:
    tables = (User, Consent, Session, RefreshToken)
    return [await rows(database, table) for table in tables] == [[], [], [], []]


async def test_registering_answers_tokens_and_the_user(
    client: httpx2.AsyncClient, database: Database
) -> None:
    body = person(
        email="Ana@Example.com",
        phone="300 123 4567",
        company="Tienda de muestra",
        username="ana_1",
        marketing_consent=True,
    )
    answer = await client.post("/auth/register", json=body)

    assert answer.status_code == 201
    given = answer.json()
    stored = await row(database, User)
    assert given == {
        "access_token": given["access_token"],
        "refresh_token": given["refresh_token"],
        "token_type": "bearer",
        "expires_in": 3600,
        "user_id": str(stored.id),
        "requires_mfa": False,
        "user": {
            "id": str(stored.id),
            "number": stored.number,
            "email": "ana@example.com",
            "username": "ana_1",
            "first_name": "Ana",
            "last_name": "Ejemplo",
            "phone": "+573001234567",
            "company": "Tienda de muestra",
            "user_type": "BUYER",
            "is_active": True,
            "email_verified": False,
            "phone_verified": False,
            "mfa_enabled": False,
            "marketing_consent": True,
            "created_at": given["user"]["created_at"],
            "last_login": None,
        },
    }
    assert given["user"]["created_at"].endswith("Z")
    assert stored.password_hash.startswith("$argon2id$")
    me = await client.get("/auth/me", headers={"Authorization": f"Bearer {given['access_token']}"})
    assert me.json() | given["user"] == me.json()


async def test_what_was_agreed_to_is_recorded_with_version_time_and_address(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/auth/register", json=person(accept_terms=True, marketing_consent=False))
    user = await row(database, User)
    recorded = [
        (consent.user_id, consent.document, consent.version, consent.is_given, consent.ip_address)
        for consent in await rows(database, Consent)
    ]
    assert recorded == [
        (user.id, "terms", "2026-01", True, "127.0.0.1"),
        (user.id, "marketing", "2026-01", False, "127.0.0.1"),
    ]
    assert all(consent.created_at >= user.created_at for consent in await rows(database, Consent))


async def test_who_is_not_asked_about_marketing_has_not_answered(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/auth/register", json=person())
    assert [consent.document for consent in await rows(database, Consent)] == ["terms"]
    assert (await row(database, User)).marketing_consent is False


async def test_an_email_belongs_to_one_account_in_any_case(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/auth/register", json=person())
    answer = await client.post("/auth/register", json=person(email="ANA@example.com"))
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")
    assert len(await rows(database, User)) == 1
    assert len(await rows(database, Session)) == 1
    assert len(await rows(database, Consent)) == 1


async def test_a_user_name_belongs_to_one_account(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/auth/register", json=person(username="ana"))
    again = person(username="ana", email="otra@example.com")
    answer = await client.post("/auth/register", json=again)
    assert (answer.status_code, answer.json()["code"]) == (409, "USERNAME_TAKEN")
    assert len(await rows(database, User)) == 1


async def test_several_people_may_have_no_user_name(
    client: httpx2.AsyncClient, database: Database
) -> None:
    for email in ("ana@example.com", "beto@example.com"):
        assert (await client.post("/auth/register", json=person(email=email))).status_code == 201
    assert len(await rows(database, User)) == 2


async def test_of_parallel_registrations_with_one_email_one_wins(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(
        *(client.post("/auth/register", json=person()) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "EMAIL_TAKEN"}
    assert len(await rows(database, User)) == 1
    assert len(await rows(database, Session)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an e-mail"),
        ("email", 7),
        ("password", "short1A"),
        ("password", "A1b" * 43),
        ("password", "alllower1"),
        ("password", "ALLUPPER1"),
        ("password", "NoDigits-here"),
        ("password", "With-nul-1\x00"),
        ("first_name", ""),
        ("first_name", "   "),
        ("first_name", "x" * 101),
        ("last_name", "two\nlines"),
        ("last_name", None),
        ("phone", "123"),
        ("phone", "+573901234567"),
        ("phone", "call me"),
        ("company", "x" * 201),
        ("username", "ab"),
        ("username", "with space"),
        ("username", "x" * 51),
        ("accept_terms", False),
        ("accept_terms", None),
        ("accept_terms", "yes"),
        ("marketing_consent", "yes"),
        ("user_type", "ADMIN"),
        ("is_active", True),
    ],
)
async def test_malformed_input_names_its_field_and_adds_nobody(
    client: httpx2.AsyncClient, database: Database, field: str, value: object
) -> None:
    answer = await client.post("/auth/register", json=person(**{field: value}))
    assert answer.status_code == 422
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await nobody_was_added(database)


@pytest.mark.parametrize("field", ["email", "password", "first_name", "last_name"])
async def test_a_missing_field_adds_nobody(
    client: httpx2.AsyncClient, database: Database, field: str
) -> None:
    body = person()
    del body[field]
    answer = await client.post("/auth/register", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await nobody_was_added(database)


async def test_issues_are_in_spanish_for_who_asks_for_it(client: httpx2.AsyncClient) -> None:
    body = person(accept_terms=False, phone="1234567")
    answer = await client.post("/auth/register", json=body, headers={"Accept-Language": "es-CO"})
    assert {error["field"]: error["issue"] for error in answer.json()["errors"]} == {
        "accept_terms": "Acepta los términos y condiciones para registrarte.",
        "phone": "Escribe un número colombiano de 10 dígitos, o + y el código del país.",
    }


async def test_spaces_belong_to_a_password(client: httpx2.AsyncClient) -> None:
    body = person(password=f" {PASSWORD} ")
    await client.post("/auth/register", json=body)
    login = {"email": body["email"], "password": PASSWORD}
    assert (await client.post("/auth/login", json=login)).status_code == 401
    login["password"] = body["password"]
    assert (await client.post("/auth/login", json=login)).status_code == 200


async def test_the_password_is_nowhere_in_the_answer_to_bad_input(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/auth/register", json=person(password="secretsecret", extra=1))
    assert answer.status_code == 422
    assert "secretsecret" not in answer.text


async def test_registering_is_published_and_a_guests_session_comes_along(
    client: httpx2.AsyncClient, database: Database
) -> None:
    hear(database, UserRegistered, SignedIn)
    await client.post("/auth/register", json=person(), headers={"Session-ID": "guest-0001"})
    user_id = str((await row(database, User)).id)
    assert await heard(database) == [
        ("UserRegistered", {"user_id": user_id}),
        ("SignedIn", {"user_id": user_id, "guest_session": "guest-0001"}),
    ]


@pytest.mark.parametrize("session", ["short", "x" * 101, "with space in it"])
async def test_a_guest_session_that_cannot_be_is_refused(
    client: httpx2.AsyncClient, database: Database, session: str
) -> None:
    answer = await client.post("/auth/register", json=person(), headers={"Session-ID": session})
    assert answer.status_code == 422
    assert await nobody_was_added(database)


async def test_whoever_registers_is_a_buyer(client: httpx2.AsyncClient, database: Database) -> None:
    await client.post("/auth/register", json=person())
    assert (await row(database, User)).user_type is UserType.BUYER
