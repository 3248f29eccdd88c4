"""Payouts that Wompi took and never ends: asked about on and on, and shown to staff in the end."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina
from sqlalchemy import select
from structlog.testing import capture_logs

from mestore.bootstrap import App
from mestore.kernel.clock import now
from mestore.payouts.errors import ResultsNotTaken
from mestore.payouts.models import PayoutBatch
from mestore.payouts.service.batches import OVERDUE_AFTER, note_results
from mestore.payouts.types import BatchState, Channel, LineEnd, LineResult, PayoutState
from tests.conftest import MovedClock
from tests.payouts.desk import Desk
from tests.payouts.provider import Provider

WOMPI = Channel.WOMPI
answers = pytest.mark.parametrize("is_answering", [True, False])


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """What is asked again is asked at once."""
    with stamina.set_testing(True, attempts=3):
        yield


async def told(desk: Desk) -> list[str]:
    """Let the periodic job run twice, and return what it wrote of payouts without an end."""
    with capture_logs() as lines:
        await desk.follow()
        await desk.follow()
    return [line["payout"] for line in lines if line["event"] == "payout_never_ended"]


@answers
async def test_what_has_no_end_after_days_is_shown_to_staff_once(
    desk: Desk, provider: Provider, program: App, clock: MovedClock, is_answering: bool
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    batch_id = await desk.batch(WOMPI)
    reference, staff = (await desk.row(payout_id)).reference, (await desk.admin()).id
    paid = LineResult(reference, LineEnd.PAID, bank_reference="ACH-1")
    if not is_answering:
        provider.break_next("error_500_before", "read", times=99)
    clock.advance(OVERDUE_AFTER - timedelta(hours=1))
    assert await told(desk) == []
    assert await desk.state(payout_id) is PayoutState.SENT
    with pytest.raises(ResultsNotTaken):
        await note_results(program.payouts, batch_id, [paid], staff)

    clock.advance(timedelta(hours=2))
    assert await told(desk) == [reference]
    clock.advance(timedelta(hours=2))
    assert await told(desk) == []
    assert await desk.state(payout_id) is PayoutState.UNKNOWN
    assert await desk.batch_state(batch_id) is BatchState.SENT
    # Nothing was decided about the money.
    assert await desk.money(vendor) == (0, 100_000)
    assert len(provider.batches()) == 1

    assert (await note_results(program.payouts, batch_id, [paid], staff)).applied
    assert await desk.state(payout_id) is PayoutState.PAID
    assert await desk.batch_state(batch_id) is BatchState.DONE
    assert await desk.doctor() == []


async def test_what_wompi_ends_later_is_believed(
    desk: Desk, provider: Provider, clock: MovedClock
) -> None:
    payout_id = await desk.approved()
    await desk.batch(WOMPI)
    clock.advance(OVERDUE_AFTER + timedelta(hours=1))
    await desk.follow()
    assert await desk.state(payout_id) is PayoutState.UNKNOWN

    provider.finish((await desk.row(payout_id)).reference)
    clock.advance(timedelta(hours=2))
    await desk.follow()

    assert await desk.state(payout_id) is PayoutState.PAID
    assert len(provider.transfers()) == 1
    assert await desk.doctor() == []


async def test_a_batch_that_cannot_be_found_again_is_not_asked_for_all_the_time(
    desk: Desk, provider: Provider, clock: MovedClock
) -> None:
    await desk.approved()
    batch_id = await desk.batch(WOMPI)
    async with desk.database.transaction() as tx:
        await tx.connection.exec_driver_sql(
            "UPDATE payout_batches SET provider_id = 'no id', reference = 'gone'"
        )
    clock.advance(timedelta(hours=1))

    await desk.follow()

    query = select(PayoutBatch.state, PayoutBatch.poll_at).where(PayoutBatch.id == batch_id)
    async with desk.database.read() as connection:
        state, poll_at = (await connection.execute(query)).one()
    assert state is BatchState.SENT
    assert poll_at is not None
    assert poll_at > now()
