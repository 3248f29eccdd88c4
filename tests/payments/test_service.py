"""Payments: one open attempt at a time, and when a gateway is asked again."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7
from mestore.payments.errors import AlreadyPaid, PaymentInProgress
from mestore.payments.models import Attempt, Payment, PaymentException
from mestore.payments.polling import next_poll
from mestore.payments.service import BLOCKED_FOR, Attempts, PaymentService
from mestore.payments.types import (
    AttemptState,
    AttemptStatus,
    PaymentMethod,
    PaymentStatus,
    Verdict,
)
from mestore.payments.types.stranded import ExceptionKind
from tests.checkout.till import said
from tests.conftest import MovedClock

NUMBER = "ORD-20261120-ABCDEFGH"
PENDING, UNKNOWN = AttemptStatus.PENDING, AttemptStatus.UNKNOWN
MINUTE = timedelta(minutes=1)


async def open_attempt(
    database: Database, order_id: int = 7, method: PaymentMethod = PaymentMethod.CARD
) -> AttemptState:
    async with database.transaction() as tx:
        return await PaymentService(tx).open_attempt(
            order_id, f"{NUMBER}{order_id}", 5_000, "COP", "bank", method, 1
        )


async def apply(
    database: Database, attempt: AttemptState, status: AttemptStatus, **changes: object
) -> Verdict:
    async with database.transaction() as tx:
        verdict, _ = await PaymentService(tx).apply(said(attempt, status, **changes))
    return verdict


async def blocking(database: Database, order_id: int = 7) -> AttemptState | None:
    async with database.transaction() as tx:
        return await PaymentService(tx).blocking(order_id)


async def latest(database: Database, order_id: int = 7) -> AttemptState:
    async with database.read() as connection:
        found = await Attempts(connection).latest(order_id)
    assert found is not None
    return found


async def due(database: Database) -> list[int]:
    async with database.read() as connection:
        return [attempt.id for attempt in await Attempts(connection).due(50)]


async def statuses(database: Database) -> list[PaymentStatus]:
    async with database.read() as connection:
        return list((await connection.execute(select(Payment.status))).scalars())


async def test_attempts_of_an_order_are_numbered_and_one_is_open(database: Database) -> None:
    first = await open_attempt(database)
    assert (first.reference, first.status) == (f"{NUMBER}7-1", AttemptStatus.CREATED)
    assert await blocking(database) == first

    with pytest.raises(PaymentInProgress):
        await open_attempt(database)

    await apply(database, first, AttemptStatus.DECLINED)
    assert await blocking(database) is None
    second = await open_attempt(database)
    assert second.reference == f"{NUMBER}7-2"
    assert second.payment_id == first.payment_id


async def test_rivals_open_one_attempt(database: Database) -> None:
    results = await asyncio.gather(
        *(open_attempt(database) for _ in range(10)), return_exceptions=True
    )

    refusals = [one for one in results if isinstance(one, BaseException)]
    assert len(refusals) == 9
    # On MariaDB three who meet a taken key deadlock: all but one are told to come again.
    came_too_late = [one for one in refusals if fault_of(one) is not Fault.RETRY]
    assert {type(one) for one in came_too_late} == {PaymentInProgress}
    assert await statuses(database) == [PaymentStatus.PENDING]
    with pytest.raises(PaymentInProgress):
        await open_attempt(database)


async def test_what_is_paid_takes_no_more_attempts(database: Database) -> None:
    await apply(database, await open_attempt(database), AttemptStatus.APPROVED)

    with pytest.raises(AlreadyPaid):
        await open_attempt(database)
    with pytest.raises(AlreadyPaid):
        await blocking(database)

    assert await statuses(database) == [PaymentStatus.APPROVED]


async def test_only_an_attempt_that_waits_for_its_buyer_gives_way_to_another(
    database: Database, clock: MovedClock
) -> None:
    waiting, unknown = await open_attempt(database, 1), await open_attempt(database, 2)
    await apply(database, waiting, PENDING)
    async with database.transaction() as tx:
        await PaymentService(tx).postpone(unknown, UNKNOWN)
    clock.advance(BLOCKED_FOR - MINUTE)
    assert await blocking(database, 1) is not None

    clock.advance(2 * MINUTE)

    assert await blocking(database, 1) is None
    assert await blocking(database, 2) is not None


@pytest.mark.parametrize(
    ("method", "status", "polls", "minutes"),
    [
        (PaymentMethod.CARD, PENDING, 0, 1),
        (PaymentMethod.CARD, PENDING, 1, 4),
        (PaymentMethod.CARD, PENDING, 2, 10),
        (PaymentMethod.CARD, PENDING, 3, 60),
        (PaymentMethod.PSE, PENDING, 0, 7),
        (PaymentMethod.PSE, PENDING, 2, 15),
        (PaymentMethod.PSE, PENDING, 40, 60),
        (PaymentMethod.NEQUI, UNKNOWN, 0, 10 / 60),
        (PaymentMethod.PSE, UNKNOWN, 3, 10),
        (PaymentMethod.PSE, UNKNOWN, 4, 30),
    ],
)
def test_a_gateway_is_asked_more_and_more_seldom(
    method: PaymentMethod, status: AttemptStatus, polls: int, minutes: float
) -> None:
    poll_at = next_poll(state(method, polls), status)

    assert poll_at is not None
    assert abs(poll_at - now() - timedelta(minutes=minutes)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("method", "hours"),
    [(PaymentMethod.CARD, 24), (PaymentMethod.NEQUI, 24), (PaymentMethod.PSE, 48)],
)
def test_after_a_day_or_two_nobody_is_asked_any_more(
    clock: MovedClock, method: PaymentMethod, hours: int
) -> None:
    attempt = state(method, 9)
    clock.advance(timedelta(hours=hours) - MINUTE)
    assert next_poll(attempt, PENDING) is not None

    clock.advance(2 * MINUTE)

    assert next_poll(attempt, PENDING) is None


def state(method: PaymentMethod, polls: int) -> AttemptState:
    return AttemptState(
        id=1,
        payment_id=uuid7(),
        order_id=7,
        gateway="bank",
        method=method,
        reference=f"{NUMBER}-1",
        transaction_id=None,
        status=PENDING,
        amount_minor=5_000,
        currency="COP",
        payment_url=None,
        polls=polls,
        created_at=now(),
        payment_status=PaymentStatus.PENDING,
    )


async def test_what_ended_is_not_asked_about(database: Database, clock: MovedClock) -> None:
    ends = (AttemptStatus.APPROVED, AttemptStatus.DECLINED, AttemptStatus.ERROR)
    for order_id, status in enumerate(ends, start=1):
        await apply(database, await open_attempt(database, order_id), status)
    wrong = await open_attempt(database, 4)
    await apply(database, wrong, AttemptStatus.APPROVED, amount_minor=1)
    open_ = await open_attempt(database, 5)
    assert await due(database) == []

    clock.advance(timedelta(days=1))

    assert await due(database) == [open_.id]


async def test_a_stale_answer_moves_nothing_that_ended(database: Database) -> None:
    stale = await open_attempt(database)
    await apply(database, stale, AttemptStatus.APPROVED)

    async with database.transaction() as tx:
        await PaymentService(tx).postpone(stale, UNKNOWN)
        await PaymentService(tx).close(stale, AttemptStatus.ERROR, "NOT_RECEIVED")

    assert (await latest(database)).status is AttemptStatus.APPROVED
    assert await statuses(database) == [PaymentStatus.APPROVED]


async def test_the_address_to_go_on_at_is_kept_when_later_answers_leave_it_out(
    database: Database,
) -> None:
    attempt = await open_attempt(database, method=PaymentMethod.PSE)
    assert await apply(database, attempt, PENDING) is Verdict.NOTED
    url = "http://bank.example/1"
    assert await apply(database, attempt, PENDING, payment_url=url) is Verdict.NOTED
    assert await apply(database, attempt, PENDING) is Verdict.REPEATED

    assert (await latest(database)).payment_url == url


async def test_a_wrong_amount_keeps_everybody_from_paying_again(
    database: Database, clock: MovedClock
) -> None:
    attempt = await open_attempt(database)
    verdict = await apply(database, attempt, AttemptStatus.APPROVED, amount_minor=4_999)

    assert verdict is Verdict.QUEUED
    clock.advance(timedelta(days=3))
    held = await blocking(database)
    assert held is not None
    assert (held.id, held.status) == (attempt.id, AttemptStatus.ERROR)
    with pytest.raises(PaymentInProgress):
        await open_attempt(database)
    async with database.read() as connection:
        codes = list((await connection.execute(select(Attempt.decline_code))).scalars())
    assert codes == ["AMOUNT_MISMATCH"]


async def test_another_transaction_under_the_same_reference_is_money_too(
    database: Database,
) -> None:
    attempt = await open_attempt(database)
    await apply(database, attempt, AttemptStatus.APPROVED, transaction_id="t-1")

    again = await apply(database, attempt, AttemptStatus.APPROVED, transaction_id="t-1")
    other = await apply(database, attempt, AttemptStatus.APPROVED, transaction_id="t-2")
    repeated = await apply(database, attempt, AttemptStatus.APPROVED, transaction_id="t-2")

    assert (again, other, repeated) == (Verdict.REPEATED, Verdict.QUEUED, Verdict.REPEATED)
    async with database.read() as connection:
        columns = (PaymentException.kind, PaymentException.transaction_id)
        queued = [tuple(row) for row in await connection.execute(select(*columns))]
    assert queued == [(ExceptionKind.SECOND_APPROVAL, "t-2")]
    assert (await latest(database)).transaction_id == "t-1"
