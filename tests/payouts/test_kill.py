"""kill -9 before and after every statement, commit and call of asking, approving, paying, sending.

SQLite dies at every event; the servers, where a start costs more, at every third or seventh.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import chain
from uuid import UUID

import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.kernel.ids import uuid7
from mestore.kernel.jobs import count_by_state
from mestore.payouts.jobs import FollowPayouts
from mestore.payouts.models import PayoutRow
from mestore.payouts.service.batches import make_batch
from mestore.payouts.service.signals import receive
from mestore.payouts.types import BatchState, Channel, PayoutState, Signal
from mestore.settings import Settings
from tests.build import Build
from tests.conftest import AsUser, MovedClock
from tests.crash.shop import Guest, Json, Processes, events_of, mortal
from tests.payouts.desk import PESOS, Desk
from tests.payouts.provider import Provider

pytestmark = pytest.mark.slow

RICH, EACH = 10_000_000, 10_000
Headers = dict[str, str]
Jobs = Callable[[], Awaitable[int]]


class Caller:
    """Somebody who sends a request again until it is answered."""

    def __init__(self, processes: Processes, headers: Headers) -> None:
        self.processes = processes
        self.guest = Guest(processes)
        self.headers = headers

    def post(self, path: str, body: Json, key: str, die_at: int | None) -> tuple[int, Json] | None:
        """Send a request; None where the server died before it answered."""
        answer = self.guest.post(path, body, key=key, die_at=die_at, headers=self.headers)
        return None if answer is None else (answer.status_code, answer.json())

    def insist(self, path: str, body: Json, key: str, die_at: int) -> tuple[int, Json, bool]:
        """Send a request that may kill the server, and again after; say whether it lived."""
        answer = self.post(path, body, key, die_at)
        if answer is not None:
            return (*answer, True)
        self.processes.revive()
        again, same = self.post(path, body, key, None), self.post(path, body, key, None)
        assert again is not None
        assert same is not None
        assert again[1].get("id") == same[1].get("id")
        return (*again, False)


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Headers:
    return await as_user(await build.user(UserType.ADMIN))


async def states(desk: Desk) -> Counter[PayoutState]:
    async with desk.database.read() as connection:
        return Counter((await connection.execute(select(PayoutRow.state))).scalars())


async def test_a_payout_is_asked_for_once_wherever_the_server_dies(
    desk: Desk, settings: Settings, as_user: AsUser
) -> None:
    vendor = await desk.vendor(RICH)
    headers = await as_user(vendor.owner)
    asked = 0
    with mortal(settings) as processes:
        caller = Caller(processes, headers)
        for event in chain([0], events_of(desk.database)):
            asked += 1
            if not event:
                # The program answers itself before it serves: forks then know what it knows.
                assert caller.post("/payouts", {"amount": EACH}, "rehearsal", None)
                processes.serve()
                continue
            status, _, lived = caller.insist("/payouts", {"amount": EACH}, f"ask-{event}", event)
            assert status == 201
            if lived:
                break
    assert event > 20
    assert await states(desk) == {PayoutState.REQUESTED: asked}
    assert await desk.money(vendor) == (RICH - asked * EACH, asked * EACH)
    assert await desk.doctor() == []


async def test_a_payout_is_approved_and_paid_once_wherever_the_server_dies(
    desk: Desk, settings: Settings, staff: Headers
) -> None:
    vendor = await desk.vendor(RICH)
    payouts: list[UUID] = []
    with mortal(settings) as processes:
        caller = Caller(processes, staff)
        for event in chain([0], events_of(desk.database)):
            payouts.append(await desk.ask(vendor, EACH))
            path = f"/payouts/{payouts[-1]}/approve"
            if not event:
                assert caller.post(path, {}, "rehearsal", None)
                processes.serve()
                continue
            status, _, lived = caller.insist(path, {}, f"yes-{event}", event)
            assert status == 200
            if lived:
                break
        assert event > 15
        assert await states(desk) == {PayoutState.APPROVED: len(payouts)}
        for event in events_of(desk.database):
            payouts.append(await desk.approved(vendor, EACH))
            path, body = f"/payouts/{payouts[-1]}/pay", {"bank_reference": f"TR-{event}"}
            status, _, lived = caller.insist(path, body, f"pay-{event}", event)
            assert status == 200
            if lived:
                break
    assert event > 20
    paid = (await states(desk))[PayoutState.PAID]
    for payout_id in payouts[-paid:]:
        assert await desk.entries(payout_id) == ["requested", "paid"]
    assert (await desk.balances())["bank:manual"] == -paid * EACH * PESOS
    assert await desk.doctor() == []


async def test_a_batch_is_paid_once_wherever_the_server_dies(
    desk: Desk, settings: Settings, staff: Headers, provider: Provider, clock: MovedClock
) -> None:
    vendor = await desk.vendor(RICH)
    payouts: list[UUID] = []
    with mortal(settings) as processes:
        caller = Caller(processes, staff)
        for event in chain([0], events_of(desk.database)):
            payouts.append(await desk.approved(vendor, EACH))
            body: Json = {"channel": "WOMPI", "payout_ids": [str(payouts[-1])]}
            path = "/admin/payout-batches"
            if not event:
                assert caller.post(path, body, "rehearsal", None)
                processes.serve()
                continue
            status, _, lived = caller.insist(path, body, f"batch-{event}", event)
            assert status == 201
            if lived:
                break
    assert event > 20
    await all_end(desk, provider, clock)
    await all_are_paid_once(desk, provider, payouts)
    assert await desk.money(vendor) == (RICH - len(payouts) * EACH, 0)


async def test_a_signal_is_acted_upon_once_wherever_the_worker_dies(
    desk: Desk, settings: Settings, provider: Provider, run_jobs: Jobs, clock: MovedClock
) -> None:
    vendor = await desk.vendor(RICH)
    payouts: list[UUID] = []
    with mortal(settings) as processes:
        for event in chain([0], events_of(desk.database)):
            payouts.append(await desk.approved(vendor, EACH))
            await desk.batch(Channel.WOMPI, payouts[-1])
            reference = (await desk.row(payouts[-1])).reference
            provider.finish(reference)
            # What else was published is done first, so that only the signal is left.
            await run_jobs()
            async with desk.database.transaction() as tx:
                await receive(tx, Signal(f"event-{event}", None, reference), b"{}")
            if not event:
                processes.rehearse()
                continue
            if not processes.work(event):
                break
    assert event > 40
    # What a dead worker holds is given to another one when its lease is over.
    clock.advance(timedelta(minutes=6))
    await run_jobs()
    await all_are_paid_once(desk, provider, payouts)
    assert set(await count_by_state(desk.database)) == {"DONE"}


async def test_a_batch_is_sent_once_wherever_the_worker_dies(
    desk: Desk, settings: Settings, provider: Provider, run_jobs: Jobs, clock: MovedClock
) -> None:
    vendor = await desk.vendor(RICH)
    payouts: list[UUID] = []

    async def is_due() -> None:
        payouts.append(await desk.approved(vendor, EACH))
        await run_jobs()
        async with desk.database.transaction() as tx:
            await make_batch(tx, desk.program.payouts, Channel.WOMPI, payouts[-1:], uuid7())
            tx.enqueue(FollowPayouts())

    with mortal(settings) as processes:
        await is_due()
        processes.rehearse()
        for event in events_of(desk.database):
            await is_due()
            if not processes.work(event):
                break
            # What was not begun is sent at once by the next one.
            await desk.follow()
    assert event > 40
    await all_end(desk, provider, clock)
    await all_are_paid_once(desk, provider, payouts)


async def test_what_a_bank_answered_is_booked_once_wherever_the_server_dies(
    desk: Desk, settings: Settings, staff: Headers
) -> None:
    vendor = await desk.vendor(RICH)
    payouts: list[UUID] = []
    with mortal(settings) as processes:
        for event in chain([0], events_of(desk.database)):
            payouts.append(await desk.approved(vendor, EACH))
            batch_id = await desk.batch(Channel.BANK_FILE, payouts[-1])
            reference = (await desk.row(payouts[-1])).reference
            body: Json = {"results": [{"reference": reference, "outcome": "PAID"}]}
            path = f"/admin/payout-batches/{batch_id}/results"
            caller = Caller(processes, staff)
            if not event:
                assert caller.post(path, body, "rehearsal", None)
                processes.serve()
                continue
            status, _, lived = caller.insist(path, body, f"results-{event}", event)
            assert status == 200
            assert await desk.batch_state(batch_id) is BatchState.DONE
            if lived:
                break
    assert event > 20
    assert await states(desk) == {PayoutState.PAID: len(payouts)}
    for payout_id in payouts:
        assert await desk.entries(payout_id) == ["requested", "paid"]
    assert (await desk.balances())["bank:bank_file"] == -len(payouts) * EACH * PESOS
    assert await desk.money(vendor) == (RICH - len(payouts) * EACH, 0)
    assert await desk.doctor() == []


async def all_end(desk: Desk, provider: Provider, clock: MovedClock) -> None:
    """Let hours pass until every batch has arrived, its lines end, and all is asked about."""
    for _ in range(4):
        clock.advance(timedelta(minutes=40))
        await desk.follow_all()
    for line in [one for each in provider.batches() for one in each["transactions"]]:
        provider.finish(line["reference"])
    for _ in range(2):
        clock.advance(timedelta(minutes=61))
        await desk.follow_all()


async def all_are_paid_once(desk: Desk, provider: Provider, payouts: list[UUID]) -> None:
    assert await states(desk) == {PayoutState.PAID: len(payouts)}
    references = [(await desk.row(payout_id)).reference for payout_id in payouts]
    assert Counter(provider.transfers()) == Counter(
        {(reference, EACH * PESOS): 1 for reference in references}
    )
    for payout_id in payouts:
        assert await desk.entries(payout_id) == ["requested", "paid"]
    assert (await desk.balances())["bank:wompi"] == -len(payouts) * EACH * PESOS
    assert await desk.doctor() == []
