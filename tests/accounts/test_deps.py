"""Who is calling: checked in one statement, by the rows of now and not by the token's words."""

from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import update

from mestore.accounts.deps import CurrentUser, MaybeUser, Staff, require_type
from mestore.accounts.models import User
from mestore.accounts.types import Caller, UserType
from mestore.kernel.db import Database
from tests.build import PASSWORD, Build, BuiltUser
from tests.conftest import AsUser

Seller = Annotated[Caller, Depends(require_type(UserType.VENDOR))]


@pytest.fixture
def doors(app: FastAPI, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A client of endpoints behind each dependency."""

    @app.get("/api/v1/doors/user")
    async def of_user(caller: CurrentUser) -> Caller:
        return caller

    @app.get("/api/v1/doors/maybe")
    async def of_anybody(caller: MaybeUser) -> Caller | None:
        return caller

    @app.get("/api/v1/doors/staff")
    async def of_staff(caller: Staff) -> Caller:
        return caller

    @app.get("/api/v1/doors/vendor")
    async def of_vendor(caller: Seller) -> Caller:
        return caller

    return client


async def test_the_caller_is_who_the_rows_say(
    doors: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    user = await build.user(UserType.VENDOR)
    headers = await as_user(user)
    answer = await doors.get("/doors/user", headers=headers)
    shown = answer.json()
    assert (shown["user_id"], shown["email"]) == (str(user.id), user.email)
    assert shown["user_type"] == "VENDOR"


async def test_a_caller_is_checked_in_one_statement(
    doors: httpx2.AsyncClient, build: Build, as_user: AsUser, statements: list[str]
) -> None:
    headers = await as_user(await build.user())
    statements.clear()
    assert (await doors.get("/doors/user", headers=headers)).status_code == 200
    assert len(statements) == 1


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "x"])
async def test_a_bad_token_is_401_even_where_none_is_needed(
    doors: httpx2.AsyncClient, value: str
) -> None:
    for path in ("/doors/user", "/doors/maybe", "/doors/staff"):
        answer = await doors.get(path, headers={"Authorization": value})
        assert answer.status_code == 401


async def test_nobody_is_nobody_where_no_token_is_needed(doors: httpx2.AsyncClient) -> None:
    answer = await doors.get("/doors/maybe")
    assert (answer.status_code, answer.json()) == (200, None)


async def test_a_role_that_changed_counts_at_once(
    doors: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user(UserType.ADMIN))
    assert (await doors.get("/doors/staff", headers=headers)).status_code == 200
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(user_type=UserType.BUYER))
    answer = await doors.get("/doors/staff", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_a_suspended_user_is_out_at_once(
    doors: httpx2.AsyncClient, database: Database, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(is_active=False))
    assert (await doors.get("/doors/user", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("user_type", "staff", "vendor"),
    [
        (UserType.BUYER, 403, 403),
        (UserType.VENDOR, 403, 200),
        (UserType.ADMIN, 200, 403),
        (UserType.SUPERUSER, 200, 403),
    ],
)
async def test_each_role_opens_its_own_doors(
    doors: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    user_type: UserType,
    staff: int,
    vendor: int,
) -> None:
    headers = await as_user(await build.user(user_type))
    assert (await doors.get("/doors/staff", headers=headers)).status_code == staff
    assert (await doors.get("/doors/vendor", headers=headers)).status_code == vendor


async def test_another_users_session_in_a_signed_token_is_refused(
    doors: httpx2.AsyncClient, app: FastAPI, build: Build
) -> None:
    async def signed_in(user: BuiltUser) -> str:
        body = {"email": user.email, "password": PASSWORD}
        token: str = (await doors.post("/auth/login", json=body)).json()["access_token"]
        return token

    head, _, signature = (await signed_in(await build.user())).split(".")
    _, payload, _ = (await signed_in(await build.user())).split(".")
    headers = {"Authorization": f"Bearer {head}.{payload}.{signature}"}
    assert (await doors.get("/doors/user", headers=headers)).status_code == 401


async def test_the_api_document_declares_the_bearer_scheme(app: FastAPI) -> None:
    document = app.openapi()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert document["paths"]["/api/v1/auth/me"]["get"]["security"] == [{"HTTPBearer": []}]
