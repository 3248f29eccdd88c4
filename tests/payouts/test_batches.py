"""Approved payouts leave together in a file; a bank's answers end each of them once."""

import asyncio
from datetime import datetime, time, timedelta
from uuid import UUID

import pytest

from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.errors import Refusal
from mestore.payouts.errors import NotBatchable, NothingToSend, OwnPayout, PayoutNotPossible
from mestore.payouts.service.batches import note_results
from mestore.payouts.service.decide import reject
from mestore.payouts.service.files import file_of
from mestore.payouts.types import (
    Applied,
    BatchState,
    Channel,
    LineEnd,
    LineResult,
    PayoutState,
)
from tests.conftest import MovedClock
from tests.payouts.desk import Desk, other

FILE = Channel.BANK_FILE


async def test_a_batch_holds_what_was_approved_and_its_file_stays_the_same(desk: Desk) -> None:
    first, second = await desk.approved(), await desk.approved()
    waiting = await desk.ask(await desk.vendor())
    batch_id = await desk.batch(FILE)
    assert await desk.state(waiting) is PayoutState.REQUESTED
    for payout_id in (first, second):
        row = await desk.row(payout_id)
        assert (row.state, row.batch_id, row.channel) == (PayoutState.SENT, batch_id, FILE)
    files = [await _file(desk, batch_id, is_fixed=fixed) for fixed in (False, False, True)]
    assert files[0] == files[1]
    head, *lines = files[0].decode().splitlines()
    assert head.startswith("reference,document_type")
    reference = (await desk.row(first)).reference
    wanted = f"{reference},CC,1099888777,Ana Gómez,1007,AHORROS,12345678901,100000.00,COP"
    assert lines[0] == wanted
    control, *details = files[2].decode("ascii").splitlines()
    assert control.endswith(f"{2:06d}{20_000_000:017d}")
    assert {len(line) for line in details} == {129}
    assert details[0].startswith("61099888777     ANA GOMEZ ")
    assert await desk.doctor() == []


async def test_a_file_of_the_evening_has_the_date_of_bogota(desk: Desk, clock: MovedClock) -> None:
    tomorrow = now().astimezone(BOGOTA).date() + timedelta(days=1)
    clock.advance(datetime.combine(tomorrow, time(20), BOGOTA) - now())
    await desk.approved()
    batch_id = await desk.batch(FILE)
    control = (await _file(desk, batch_id, is_fixed=True)).decode("ascii").splitlines()[0]
    assert control[41:49] == f"{tomorrow:%Y%m%d}"


async def test_a_payout_is_in_one_batch_even_where_two_are_made_at_once(desk: Desk) -> None:
    payout_id = await desk.approved()
    wanted = [desk.batch(FILE, payout_id) for _ in range(4)] + [desk.batch(FILE)]
    found = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(isinstance(one, int) for one in found) == 1
    refused = {type(one) for one in found if isinstance(one, Refusal)}
    assert refused <= {NotBatchable, NothingToSend}
    with pytest.raises(PayoutNotPossible):
        await _reject(desk, payout_id)
    assert await desk.state(payout_id) is PayoutState.SENT


async def test_one_payout_that_does_not_fit_keeps_the_whole_batch_from_being_made(
    desk: Desk,
) -> None:
    good, waiting = await desk.approved(), await desk.ask(await desk.vendor())
    with pytest.raises(NotBatchable, match=str(waiting)):
        await desk.batch(FILE, good, waiting)
    assert (await desk.row(good)).batch_id is None
    assert await desk.state(good) is PayoutState.APPROVED


async def test_a_banks_answers_end_each_payout_once(desk: Desk) -> None:
    lucky, unlucky = await desk.vendor(), await desk.vendor()
    paid, failed = await desk.approved(lucky), await desk.approved(unlucky)
    batch_id = await desk.batch(FILE)
    references = [(await desk.row(each)).reference for each in (paid, failed)]
    good = LineResult(references[0], LineEnd.PAID, bank_reference="TR-77")
    bad = LineResult(references[1], LineEnd.FAILED, code="ACCOUNT_CLOSED")
    stranger = LineResult("PO-nobody", LineEnd.PAID)

    # Broken off after the first part: the rest is entered later, with all of it once more.
    assert await _note(desk, batch_id, good) == Applied((references[0],), (), (), ())
    assert await desk.batch_state(batch_id) is BatchState.SENT
    found = await _note(desk, batch_id, good, bad, stranger)
    assert found == Applied((references[1],), (references[0],), (), ("PO-nobody",))
    assert await desk.batch_state(batch_id) is BatchState.DONE
    liar = LineResult(references[0], LineEnd.FAILED)
    assert (await _note(desk, batch_id, liar)).contradicted == (references[0],)

    assert await desk.entries(paid) == ["requested", "paid"]
    assert await desk.entries(failed) == ["requested", "returned"]
    assert await desk.money(lucky) == (0, 0)
    assert await desk.money(unlucky) == (100_000, 0)
    row = await desk.row(failed)
    assert (row.state, row.code) == (PayoutState.FAILED, "ACCOUNT_CLOSED")
    assert (await desk.row(paid)).bank_reference == "TR-77"
    assert await desk.doctor() == []


async def test_who_gets_the_money_does_not_say_that_it_failed(desk: Desk) -> None:
    vendor = await desk.vendor()
    payout_id, another = await desk.approved(vendor), await desk.approved()
    batch_id = await desk.batch(FILE)
    rows = [await desk.row(each) for each in (another, payout_id)]
    ends = [LineResult(row.reference, LineEnd.FAILED) for row in rows]
    with pytest.raises(OwnPayout):
        await note_results(desk.program.payouts, batch_id, ends, vendor.owner.id)
    assert {await desk.state(each) for each in (payout_id, another)} == {PayoutState.SENT}
    assert await desk.money(vendor) == (0, 100_000)


async def test_many_answers_at_once_return_the_money_once(desk: Desk) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    batch_id = await desk.batch(FILE)
    reference = (await desk.row(payout_id)).reference
    ends = [LineResult(reference, end) for end in (LineEnd.FAILED, LineEnd.PAID) * 3]
    found = await asyncio.gather(*(_note(desk, batch_id, end) for end in ends))
    assert sum(len(one.applied) for one in found) == 1
    assert len(await desk.entries(payout_id)) == 2
    assert await desk.doctor() == []


async def test_an_account_that_a_bank_turned_down_is_named_again_before_the_next(
    desk: Desk,
) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    batch_id = await desk.batch(FILE)
    reference = (await desk.row(payout_id)).reference
    await _note(desk, batch_id, LineResult(reference, LineEnd.FAILED))
    with pytest.raises(Refusal, match="turned this account down"):
        await desk.ask(vendor)
    # The same again is no change, so there is no hold.
    await desk.name(vendor)
    await desk.ask(vendor)


async def test_a_new_account_does_not_take_what_was_asked_for_the_old_one(desk: Desk) -> None:
    vendor = await desk.vendor()
    payout_id = await desk.approved(vendor)
    await desk.name(vendor, other())
    await desk.batch(FILE)
    assert (await desk.row(payout_id)).account["account_number"] == "12345678901"


async def _file(desk: Desk, batch_id: int, *, is_fixed: bool) -> bytes:
    async with desk.database.read() as connection:
        return await file_of(connection, batch_id, is_fixed=is_fixed)


async def _note(desk: Desk, batch_id: int, *results: LineResult) -> Applied:
    staff = await desk.admin()
    return await note_results(desk.program.payouts, batch_id, results, staff.id)


async def _reject(desk: Desk, payout_id: UUID) -> None:
    staff = await desk.admin()
    async with desk.database.transaction() as tx:
        await reject(tx, payout_id, staff.id, "too late")
