"""The bank accounts of buyers: theirs to take along, and deleted with their data."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.events import UserErased
from mestore.checkout.types import Outside
from mestore.refunds.models import RefundRow
from mestore.refunds.service.transfer import name_account, note_transferred
from tests.build import BuiltUser
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser, MovedClock
from tests.refunds.desk import ACCOUNT, ask_back

Jobs = Callable[[], Awaitable[int]]


async def due(till: Till, outside: Outside, user: BuiltUser) -> int:
    """Return a refund that waits for a transfer to the account that its buyer named."""
    order = await till.place(await till.build.product(), owner=owner_of(user))
    await till.settle_approved(order)
    outside.gateways.clear()  # type: ignore[attr-defined]
    refund_id = await ask_back(outside, order.id)
    async with till.database.transaction() as tx:
        await name_account(tx, refund_id, ACCOUNT)
    return refund_id


async def transfer(till: Till, refund_id: int) -> None:
    async with till.database.transaction() as tx:
        await note_transferred(tx, refund_id, f"T-{refund_id}")


async def accounts(till: Till) -> dict[int, bool]:
    """Return of each refund whether its account is kept."""
    async with till.database.read() as connection:
        rows = await connection.execute(select(RefundRow.id, RefundRow.bank_account))
        return {refund_id: account is not None for refund_id, account in rows}


async def erase(till: Till, user: BuiltUser) -> None:
    async with till.database.transaction() as tx:
        tx.publish(UserErased(user.id))


@pytest.fixture
async def buyer(till: Till) -> BuiltUser:
    return await till.build.user()


async def test_the_account_of_a_refund_is_in_the_export(
    till: Till, outside: Outside, buyer: BuiltUser, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    refund_id = await due(till, outside, buyer)
    await due(till, outside, await till.build.user())

    answer = await client.get("/users/export", headers=await as_user(buyer))

    (shown,) = answer.json()["refunds"]
    assert (shown["id"], shown["bank_account"]) == (refund_id, asdict(ACCOUNT))
    assert shown["amount"] > 0


async def test_accounts_go_with_the_data_of_their_owner(
    till: Till, outside: Outside, buyer: BuiltUser, run_jobs: Jobs, clock: MovedClock
) -> None:
    done, waiting = await due(till, outside, buyer), await due(till, outside, buyer)
    other = await due(till, outside, await till.build.user())
    await transfer(till, done)
    await transfer(till, other)

    await erase(till, buyer)
    await run_jobs()
    # What is owed still has to arrive somewhere.
    assert await accounts(till) == {done: False, waiting: True, other: True}

    await transfer(till, waiting)
    clock.advance(timedelta(days=8))
    await run_jobs()
    assert await accounts(till) == {done: False, waiting: False, other: True}
