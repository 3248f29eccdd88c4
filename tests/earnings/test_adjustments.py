"""What the operator gives vendors, or charges them: once a reference, in the books, by others."""

import httpx2
import pytest
from sqlalchemy import update

from mestore.accounts.models import User
from mestore.accounts.types import UserType
from mestore.earnings.types import Purpose
from mestore.kernel.db import Database
from mestore.operations.doctor import examine
from tests.build import BuiltVendor
from tests.checkout.problems import problem
from tests.checkout.till import Till
from tests.conftest import AsUser
from tests.earnings.cashier import has

GIFT = {"amount": 12_500.5, "reference": "CASO-1", "reason": "lost on the way"}


@pytest.fixture
async def vendor(till: Till) -> BuiltVendor:
    return await till.build.vendor()


@pytest.fixture
async def superuser(till: Till, as_user: AsUser) -> dict[str, str]:
    return await as_user(await till.build.user(UserType.SUPERUSER))


async def test_an_adjustment_is_there_to_draw_and_on_the_statement(
    database: Database,
    client: httpx2.AsyncClient,
    superuser: dict[str, str],
    vendor: BuiltVendor,
    as_user: AsUser,
) -> None:
    path = f"/admin/vendors/{vendor.id}/adjustments"

    answer = await client.post(path, json=GIFT, headers=superuser)

    assert answer.status_code == 201, answer.text
    assert (answer.json()["available"], answer.json()["amount"]) == (12_500.5, 12_500.5)
    charged = {**GIFT, "amount": -20_000, "reference": "CASO-2"}
    answer = await client.post(path, json=charged, headers=superuser)
    assert answer.json()["available"] == -7_499.5
    own = await as_user(vendor.owner)
    listed = (await client.get("/transactions", headers=own)).json()["transactions"]
    assert [(each["kind"], each["amount"]) for each in listed] == [
        ("ADJUSTMENT", -20_000),
        ("ADJUSTMENT", 12_500.5),
    ]
    async with database.read() as connection:
        assert await examine(connection) == []


async def test_a_reference_counts_once_a_vendor(
    till: Till,
    database: Database,
    client: httpx2.AsyncClient,
    superuser: dict[str, str],
    vendor: BuiltVendor,
) -> None:
    path = f"/admin/vendors/{vendor.id}/adjustments"
    assert (await client.post(path, json=GIFT, headers=superuser)).status_code == 201

    problem(await client.post(path, json=GIFT, headers=superuser), 409, "ADJUSTMENT_KNOWN")

    assert await has(database, vendor.id) == {Purpose.AVAILABLE: 1_250_050}
    other = await till.build.vendor()
    answer = await client.post(
        f"/admin/vendors/{other.id}/adjustments", json=GIFT, headers=superuser
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": 0.001}, {"reason": ""}])
async def test_an_adjustment_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient,
    superuser: dict[str, str],
    vendor: BuiltVendor,
    wrong: dict[str, object],
) -> None:
    path = f"/admin/vendors/{vendor.id}/adjustments"
    problem(await client.post(path, json=GIFT | wrong, headers=superuser), 422, "VALIDATION_FAILED")


async def test_nobody_adjusts_a_shop_of_their_own(
    database: Database, client: httpx2.AsyncClient, vendor: BuiltVendor, as_user: AsUser
) -> None:
    promoted = update(User).where(User.id == vendor.owner.id)
    async with database.transaction() as tx:
        await tx.connection.execute(promoted.values(user_type=UserType.SUPERUSER))
    path = f"/admin/vendors/{vendor.id}/adjustments"

    answer = await client.post(path, json=GIFT, headers=await as_user(vendor.owner))

    problem(answer, 403, "FORBIDDEN")
    assert await has(database, vendor.id) == {}
