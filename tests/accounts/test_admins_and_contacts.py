"""What the command line and the rooms that send messages ask of accounts."""

import httpx2
import pytest

from mestore.accounts.errors import EmailTaken
from mestore.accounts.models import Consent, User
from mestore.accounts.service.contacts import Contacts
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.registration import create_admin
from mestore.accounts.types import Contact, UserType
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from tests.accounts.rows import PASSWORD, row, rows
from tests.build import Build

CHEAP = Passwords(memory_kib=8, passes=1)


@pytest.mark.parametrize(
    ("superuser", "user_type"), [(False, UserType.ADMIN), (True, UserType.SUPERUSER)]
)
async def test_an_administrator_can_sign_in_and_has_accepted_nothing(
    client: httpx2.AsyncClient, database: Database, superuser: bool, user_type: UserType
) -> None:
    user = await create_admin(
        database, CHEAP, email="Root@example.com", password=PASSWORD, superuser=superuser
    )
    assert (user.email, user.user_type) == ("root@example.com", user_type)
    login = {"email": "root@example.com", "password": PASSWORD}
    answer = await client.post("/auth/admin-login", json=login)
    assert (answer.status_code, answer.json()["user"]["id"]) == (200, str(user.id))
    assert await rows(database, Consent) == []


@pytest.mark.parametrize(
    ("email", "password"),
    [("root", PASSWORD), ("root@example.com", "Short1a"), ("root@example.com", "nodigitsHere")],
)
async def test_an_administrator_needs_an_email_and_a_good_password(
    database: Database, email: str, password: str
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await create_admin(database, CHEAP, email=email, password=password, superuser=False)
    assert await rows(database, User) == []


async def test_an_administrator_is_not_made_of_an_existing_account(
    database: Database, build: Build
) -> None:
    await build.user(email="ana@example.com")
    before = await row(database, User)
    with pytest.raises(EmailTaken):
        await create_admin(
            database, CHEAP, email="ana@example.com", password=PASSWORD, superuser=True
        )
    assert await row(database, User) == before


async def test_contacts_of_several_users_are_one_statement(
    database: Database, build: Build, statements: list[str]
) -> None:
    ana, beto = await build.user(), await build.user()
    await build.user()
    statements.clear()
    async with database.read() as connection:
        found = await Contacts(connection).of([ana.id, beto.id, ana.id, uuid7()])
    assert len(statements) == 1
    assert set(found) == {ana.id, beto.id}
    serial = ana.email.removeprefix("user").removesuffix("@example.com")
    assert found[ana.id] == Contact(
        ana.id, ana.email, "Sample", f"Person {serial}", "+573001234567"
    )


async def test_contacts_of_nobody_need_no_statement(
    database: Database, statements: list[str]
) -> None:
    async with database.read() as connection:
        statements.clear()
        assert await Contacts(connection).of([]) == {}
    assert statements == []
