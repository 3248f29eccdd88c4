"""What gateways paid into the bank: recorded once, with what they kept, and in the books."""

from datetime import timedelta

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.kernel.clock import now, today_in_bogota
from mestore.kernel.db import Database
from mestore.operations.doctor import examine
from tests.build import Build
from tests.checkout.bank import CODE, Bank
from tests.checkout.problems import problem
from tests.checkout.till import Till
from tests.conftest import AsUser, MovedClock
from tests.reconciliation.test_days import pay

SETTLEMENTS = "/admin/reconciliation/settlements"
BALANCES = "/admin/reconciliation/balances"


@pytest.fixture
async def admin(build: Build, as_user: AsUser) -> dict[str, str]:
    return await as_user(await build.user(UserType.ADMIN))


async def books(
    client: httpx2.AsyncClient, admin: dict[str, str], **query: str
) -> dict[str, float]:
    answer = await client.get(BALANCES, params=query, headers=admin)
    assert answer.status_code == 200, answer.text
    found = {each["account"]: each["balance"] for each in answer.json()["balances"]}
    assert sum(found.values()) == 0
    return found


def said(**changed: object) -> dict[str, object]:
    found = {"gateway": CODE, "bank_reference": "LIQ-1", "settled_on": str(today_in_bogota())}
    return {**found, "amount": 50_000, "fee": 2_380.5, "withheld": 750, **changed}


async def test_a_settlement_leaves_the_gateway_with_that_much_less(
    till: Till,
    bank: Bank,
    build: Build,
    database: Database,
    client: httpx2.AsyncClient,
    admin: dict[str, str],
    clock: MovedClock,
) -> None:
    await pay(till, bank, build)
    before, moment = await books(client, admin), now()
    clock.advance(timedelta(minutes=1))

    answer = await client.post(SETTLEMENTS, json=said(), headers=admin)

    assert answer.status_code == 201, answer.text
    after = await books(client, admin)
    assert after[f"gateway:{CODE}"] == before[f"gateway:{CODE}"] - 53_130.5
    names = (f"settled:{CODE}", "platform:gateway-fees", "platform:withheld-tax")
    assert [after[name] for name in names] == [50_000, 2_380.5, 750]
    assert after["vendors"] == before["vendors"] < 0
    assert await books(client, admin, as_of=moment.isoformat()) == before
    (shown,) = (await client.get(SETTLEMENTS, headers=admin)).json()["settlements"]
    assert shown == {**said(), "id": answer.json()["id"], "created_at": shown["created_at"]}
    async with database.read() as connection:
        assert await examine(connection) == []


async def test_a_settlement_counts_once(
    till: Till, bank: Bank, build: Build, client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    await pay(till, bank, build)
    first = said(amount=1_000, fee=0, withheld=0)
    assert (await client.post(SETTLEMENTS, json=first, headers=admin)).status_code == 201
    before = await books(client, admin)

    again = await client.post(SETTLEMENTS, json=first, headers=admin)

    problem(again, 409, "SETTLEMENT_KNOWN")
    assert await books(client, admin) == before
    other = await client.post(SETTLEMENTS, json={**first, "bank_reference": "l2"}, headers=admin)
    assert other.status_code == 201, other.text


async def test_a_gateway_pays_no_more_than_it_holds(
    till: Till, bank: Bank, build: Build, client: httpx2.AsyncClient, admin: dict[str, str]
) -> None:
    await pay(till, bank, build)
    before = await books(client, admin)
    held = before[f"gateway:{CODE}"]

    answer = await client.post(SETTLEMENTS, json=said(amount=held), headers=admin)

    problem(answer, 409, "SETTLEMENT_TOO_LARGE")
    assert await books(client, admin) == before


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 0}, {"fee": -1}, {"withheld": 0.001}, {"gateway": "No!"}, {"settled_on": "x"}],
)
async def test_a_settlement_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, admin: dict[str, str], wrong: dict[str, object]
) -> None:
    problem(
        await client.post(SETTLEMENTS, json=said(**wrong), headers=admin), 422, "VALIDATION_FAILED"
    )
