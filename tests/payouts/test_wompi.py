"""Payouts through Wompi: whatever breaks, each vendor gets one transfer, or its money back."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import stamina
from structlog.testing import capture_logs

from mestore.bootstrap import App
from mestore.payments.errors import BadSignature, NotAnEvent
from mestore.payouts.errors import ResultsNotTaken
from mestore.payouts.service.batches import call_off, note_results
from mestore.payouts.service.send import send
from mestore.payouts.types import BatchState, Channel, LineEnd, LineResult, PayoutState
from tests.build import BuiltVendor
from tests.conftest import MovedClock
from tests.payouts.desk import Desk, other
from tests.payouts.provider import Provider

Jobs = Callable[[], Awaitable[int]]
VECTORS = Path(__file__).parents[1] / "data" / "wompi_payout_vectors.json"
WOMPI = Channel.WOMPI
NOT_SENT = frozenset({"rate_limit"})
LATE = frozenset({"timeout_after", "slow"})
every_fault = pytest.mark.parametrize(
    "fault",
    [
        "refuse",
        "timeout_after",
        "error_500_before",
        "error_500_after",
        "hang_up_after",
        "half_json",
        "slow",
        "rate_limit",
    ],
)


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """What is asked again is asked at once."""
    with stamina.set_testing(True, attempts=3):
        yield


async def in_time(desk: Desk, clock: MovedClock, *, times: int = 6) -> None:
    """Let the periodic job run now and then for a few hours."""
    for _ in range(times):
        clock.advance(timedelta(minutes=40))
        await desk.follow()


async def test_a_batch_is_sent_once_and_each_line_ends_by_itself(
    desk: Desk, provider: Provider, clock: MovedClock
) -> None:
    lucky, unlucky = await desk.vendor(), await desk.vendor(account=other("999999999"))
    paid, failed = await desk.approved(lucky), await desk.approved(unlucky)
    batch_id = await desk.batch(WOMPI)
    assert await desk.state(paid) is PayoutState.SENT
    references = [(await desk.row(each)).reference for each in (paid, failed)]
    provider.finish(references[0])
    await in_time(desk, clock, times=1)
    assert await desk.state(paid) is PayoutState.PAID
    assert await desk.batch_state(batch_id) is BatchState.SENT
    provider.finish(references[1])
    # TOTAL_PAYMENT says that every line has ended, not that all were paid.
    assert provider.batches()[0]["status"] == "TOTAL_PAYMENT"
    await in_time(desk, clock, times=1)
    row = await desk.row(failed)
    assert (row.state, row.code) == (PayoutState.FAILED, "D05")
    assert await desk.batch_state(batch_id) is BatchState.DONE
    assert provider.transfers() == [(references[0], 10_000_000)]
    assert await desk.money(unlucky) == (100_000, 0)
    assert (await desk.balances())["bank:wompi"] == -10_000_000
    assert await desk.doctor() == []


@contextmanager
def bad_day(
    provider: Provider, program: App, fault: str, operation: str, times: int = 1
) -> Iterator[None]:
    """Let a fault befall Wompi; nobody waits a whole minute for its answer."""
    patient = [client.timeout for client in program.clients.opened]
    if fault in LATE:
        for client in program.clients.opened:
            client.timeout = httpx2.Timeout(0.5)
    provider.break_next(fault, operation, times=times)
    yield
    provider.mend()
    for client, timeout in zip(program.clients.opened, patient, strict=True):
        client.timeout = timeout


async def is_paid_once(
    desk: Desk, provider: Provider, clock: MovedClock, vendor: BuiltVendor, payout_id: UUID
) -> None:
    """Let it all end, and compare both books."""
    provider.control("settings", resolve_after=0)
    await in_time(desk, clock)
    reference = (await desk.row(payout_id)).reference
    for line in [one for each in provider.batches() for one in each["transactions"]]:
        if line["status"] == "PENDING":
            provider.finish(line["reference"])
    await in_time(desk, clock)
    assert await desk.state(payout_id) is PayoutState.PAID
    assert provider.transfers() == [(reference, 10_000_000)]
    assert len(provider.batches()) == 1
    assert await desk.entries(payout_id) == ["requested", "paid"]
    assert await desk.money(vendor) == (0, 0)
    assert (await desk.balances())["bank:wompi"] == -10_000_000
    assert await desk.doctor() == []


@every_fault
async def test_each_fault_ends_in_one_transfer(
    desk: Desk, provider: Provider, program: App, clock: MovedClock, fault: str
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    with bad_day(provider, program, fault, "send"):
        await desk.batch(WOMPI)
        is_sent = fault not in NOT_SENT
        right_after = PayoutState.UNKNOWN if is_sent else PayoutState.APPROVED
        assert await desk.state(payout_id) is right_after
        assert await desk.money(vendor) == (0, 100_000)
    await is_paid_once(desk, provider, clock, vendor, payout_id)


@every_fault
async def test_while_nobody_answers_nothing_is_sent_again(
    desk: Desk, provider: Provider, program: App, clock: MovedClock, fault: str
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    provider.break_next("error_500_after")
    batch_id = await desk.batch(WOMPI)
    with bad_day(provider, program, fault, "read", times=99):
        await in_time(desk, clock, times=3)
        assert await desk.batch_state(batch_id) is BatchState.UNKNOWN
        assert await desk.state(payout_id) is PayoutState.UNKNOWN
        assert len(provider.batches()) == 1
    await is_paid_once(desk, provider, clock, vendor, payout_id)


async def test_a_key_that_was_used_is_read_back(
    desk: Desk, provider: Provider, program: App
) -> None:
    payout_id = await desk.approved()
    batch_id = await desk.batch(WOMPI)
    # As after a crash that lost what the first call had answered.
    await _forget_sending(desk, batch_id)
    await send(program.payouts, batch_id)
    assert await desk.batch_state(batch_id) is BatchState.SENT
    assert await desk.state(payout_id) is PayoutState.SENT
    assert len(provider.batches()) == 1


async def test_what_wompi_refuses_whole_may_leave_another_way(
    desk: Desk, provider: Provider
) -> None:
    payout_id = await desk.approved()
    provider.control("settings", balance=1)
    batch_id = await desk.batch(WOMPI)
    assert await desk.batch_state(batch_id) is BatchState.REFUSED
    row = await desk.row(payout_id)
    assert (row.state, row.batch_id) == (PayoutState.APPROVED, None)
    await desk.batch(Channel.BANK_FILE, payout_id)
    assert provider.transfers() == []
    assert await desk.doctor() == []


async def test_what_wompi_rejects_whole_later_comes_back(
    desk: Desk, provider: Provider, clock: MovedClock
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    batch_id = await desk.batch(WOMPI)
    provider.control("reject")
    await in_time(desk, clock, times=1)
    row = await desk.row(payout_id)
    assert (row.state, row.code) == (PayoutState.FAILED, "BATCH_REJECTED")
    assert await desk.batch_state(batch_id) is BatchState.DONE
    assert await desk.money(vendor) == (100_000, 0)
    assert provider.transfers() == []
    # It was not the account's fault: the next payout needs no other one.
    await desk.ask(vendor)
    assert await desk.doctor() == []


async def test_a_batch_that_waits_may_be_called_off_and_a_sent_one_not(
    desk: Desk, provider: Provider
) -> None:
    payout_id = await desk.approved()
    provider.break_next("rate_limit")
    batch_id = await desk.batch(WOMPI)
    assert await desk.batch_state(batch_id) is BatchState.READY
    assert await _call_off(desk, batch_id) is True
    assert (await desk.row(payout_id)).batch_id is None
    sent = await desk.batch(WOMPI)
    assert await _call_off(desk, sent) is False
    assert await desk.state(payout_id) is PayoutState.SENT


async def test_shorter_pages_than_were_asked_for_are_read_to_the_end(
    desk: Desk, provider: Provider, clock: MovedClock
) -> None:
    provider.control("settings", largest_page=1)
    payouts = [await desk.approved() for _ in range(3)]
    await desk.batch(WOMPI)
    for payout_id in payouts:
        provider.finish((await desk.row(payout_id)).reference)
    await in_time(desk, clock, times=3)
    assert [await desk.state(each) for each in payouts] == [PayoutState.PAID] * 3
    assert await desk.doctor() == []


async def test_what_is_still_pending_costs_no_write_for_each_payout(
    desk: Desk, provider: Provider, clock: MovedClock, statements: list[str]
) -> None:
    for _ in range(3):
        await desk.approved()
    await desk.batch(WOMPI)
    clock.advance(timedelta(minutes=40))
    statements.clear()
    await desk.follow()
    assert len(provider.batches()[0]["transactions"]) == 3
    assert [each for each in statements if each.startswith("UPDATE payouts")] == []
    assert sum(each.startswith("UPDATE payout_batches") for each in statements) == 1


async def test_a_line_of_another_amount_is_not_believed(
    desk: Desk, provider: Provider, clock: MovedClock
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    await desk.batch(WOMPI)
    provider.finish((await desk.row(payout_id)).reference, "APPROVED", amount_in_cents=1)
    await in_time(desk, clock, times=2)
    row = await desk.row(payout_id)
    assert (row.state, row.code) == (PayoutState.UNKNOWN, "AMOUNT_MISMATCH")
    assert await desk.money(vendor) == (0, 100_000)


async def test_staff_ends_what_stayed_unknown_for_a_day(
    desk: Desk, provider: Provider, program: App, clock: MovedClock
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    provider.break_next("error_500_after")
    batch_id = await desk.batch(WOMPI)
    result = LineResult((await desk.row(payout_id)).reference, LineEnd.PAID)
    staff = (await desk.admin()).id
    with pytest.raises(ResultsNotTaken):
        await note_results(program.payouts, batch_id, [result], staff)
    assert await desk.state(payout_id) is PayoutState.UNKNOWN
    clock.advance(timedelta(hours=25))
    assert (await note_results(program.payouts, batch_id, [result], staff)).applied
    assert await desk.state(payout_id) is PayoutState.PAID
    assert await desk.batch_state(batch_id) is BatchState.DONE


async def test_a_crash_while_sending_is_left_to_staff_where_wompi_never_answers_again(
    desk: Desk, provider: Provider, program: App, clock: MovedClock
) -> None:
    payout_id = await desk.approved()
    batch_id = await desk.batch(WOMPI)
    async with desk.database.transaction() as tx:
        await tx.connection.exec_driver_sql(
            "UPDATE payout_batches SET state = 'SENDING', provider_id = NULL"
        )
    provider.break_next("error_500_before", "read", times=99)
    await in_time(desk, clock, times=1)
    assert await desk.state(payout_id) is PayoutState.UNKNOWN
    assert await desk.batch_state(batch_id) is BatchState.UNKNOWN
    clock.advance(timedelta(hours=25))
    result = LineResult((await desk.row(payout_id)).reference, LineEnd.PAID)
    staff = (await desk.admin()).id
    assert (await note_results(program.payouts, batch_id, [result], staff)).applied


async def test_an_end_that_wompi_contradicts_later_is_told_to_the_operator(
    desk: Desk, provider: Provider, program: App, clock: MovedClock
) -> None:
    ended, waiting = await desk.approved(), await desk.approved()
    provider.break_next("error_500_after")
    batch_id = await desk.batch(WOMPI)
    clock.advance(timedelta(hours=25))
    reference = (await desk.row(ended)).reference
    failed, staff = LineResult(reference, LineEnd.FAILED), (await desk.admin()).id
    await note_results(program.payouts, batch_id, [failed], staff)
    provider.finish(reference, "APPROVED")
    with capture_logs() as lines:
        await desk.follow()
    assert [
        (line["event"], line["payout"], line["log_level"])
        for line in lines
        if line["event"].startswith("payout_")
    ] == [("payout_ended_otherwise", reference, "error")]
    assert await desk.state(ended) is PayoutState.FAILED
    assert await desk.state(waiting) is PayoutState.SENT


async def test_a_signed_event_is_kept_once_and_asked_about(
    desk: Desk, provider: Provider, client: httpx2.AsyncClient, run_jobs: Jobs
) -> None:
    payout_id = await desk.approved()
    await desk.batch(WOMPI)
    provider.finish((await desk.row(payout_id)).reference)
    event = provider.events()[-1]
    answers = [await _deliver(client, event) for _ in range(3)]
    assert answers == [200, 200, 200]
    await run_jobs()
    assert await desk.state(payout_id) is PayoutState.PAID
    assert await desk.entries(payout_id) == ["requested", "paid"]
    forged = {**event, "timestamp": event["timestamp"] + 1}
    assert await _deliver(client, forged) == 401
    assert await _deliver(client, {"hello": "there"}) == 400


async def test_a_lie_that_is_signed_changes_nothing(
    desk: Desk, provider: Provider, client: httpx2.AsyncClient, run_jobs: Jobs
) -> None:
    payout_id = await desk.approved()
    await desk.batch(WOMPI)
    reference = (await desk.row(payout_id)).reference
    provider.finish(reference)
    event = provider.events()[-1]
    # What is not signed may say anything.
    event["data"]["transaction"]["failureReason"] = "D05"
    provider.break_next("error_500_before", operation="read", times=3)
    assert await _deliver(client, event) == 200
    await run_jobs()
    assert await desk.state(payout_id) is PayoutState.SENT


def test_published_signatures_hold(program: App) -> None:
    provider = program.payouts.provider
    assert provider is not None
    for vector in json.loads(VECTORS.read_text(encoding="utf-8")):
        inputs = vector["inputs"]
        event = inputs["event"]
        event["signature"]["checksum"] = vector["expected"].upper()
        body = json.dumps(event).encode()
        keys = provider.keys  # type: ignore[attr-defined]
        object.__setattr__(keys, "events_secret", inputs["events_secret"])
        signal = provider.verify({"X-Event-Checksum": vector["expected"]}, body)
        assert signal.key == vector["expected"]
        with pytest.raises(BadSignature):
            provider.verify({"x-event-checksum": "0" * 64}, body)
        with pytest.raises(BadSignature):
            provider.verify({}, body.replace(b"7500000", b"7500001"))
    with pytest.raises(NotAnEvent):
        provider.verify({}, b"[]")


async def _deliver(client: httpx2.AsyncClient, event: dict[str, object]) -> int:
    return (await client.post("/payouts/webhook/wompi", json=event)).status_code


async def _call_off(desk: Desk, batch_id: int) -> bool:
    async with desk.database.transaction() as tx:
        return await call_off(tx, batch_id)


async def _forget_sending(desk: Desk, batch_id: int) -> None:
    async with desk.database.transaction() as tx:
        await tx.connection.exec_driver_sql(
            f"UPDATE payout_batches SET state = 'READY', provider_id = NULL WHERE id = {batch_id}"  # noqa: S608  a number
        )
        await tx.connection.exec_driver_sql(
            f"UPDATE payouts SET state = 'APPROVED' WHERE batch_id = {batch_id}"  # noqa: S608  same
        )
