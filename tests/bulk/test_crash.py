"""Work that is interrupted, repeated or overtaken: every chunk is written once, or not at all."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from mestore.bootstrap import App
from mestore.bulk.jobs import give_up_on, on_drop_job_files
from mestore.bulk.models import BulkJob
from mestore.bulk.service.jobs import JobService
from mestore.bulk.service.receiving import Upload
from mestore.bulk.service.steps import apply_chunk, check_chunk, stage_file
from mestore.bulk.service.workshop import chunk_of, folder_of
from mestore.bulk.types import ApplyChunk, BulkState, DropJobFiles, FileForm
from mestore.catalog.models import Product
from mestore.inventory.models import StockLevel
from mestore.inventory.service import InventoryService
from mestore.inventory.types import Demand
from mestore.inventory.views import check
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.kernel.jobs import MAXIMUM_TRIES, revive_dead
from mestore.kernel.outbox import Job, JobState
from tests.build import Build
from tests.bulk.calls import Importer, counts, csv_of, mugs
from tests.conftest import MovedClock

MANY = 1200


async def number_of_products(database: Database) -> int:
    """Return how many products there are."""
    async with database.read() as connection:
        return int((await connection.execute(select(func.count(Product.id)))).scalar_one())


async def staged(importer: Importer, program: App, count: int) -> UUID:
    """Send a file and let its chunks be judged, none written."""
    job_id = UUID((await importer.send(csv_of(mugs(count)))).json()["id"])
    await stage_file(program.workshop, job_id)
    for chunk in range(-(-count // 500)):
        await check_chunk(program.workshop, job_id, chunk)
    assert (await importer.state(str(job_id)))["state"] == "APPLYING"
    return job_id


async def test_a_worker_that_dies_between_chunks_is_carried_on_from_there(
    importer: Importer, program: App, database: Database
) -> None:
    job_id = await staged(importer, program, MANY)
    # Done, but the worker dies before its task is: the task comes again.
    await apply_chunk(program.workshop, job_id, 0)
    assert await number_of_products(database) == 500
    await apply_chunk(program.workshop, job_id, 0)
    assert await number_of_products(database) == 500
    state = await importer.state(str(job_id))
    assert (state["rows_done"], state["applied_to_row"]) == (500, 501)
    await importer.run_jobs()
    job = await importer.state(str(job_id))
    assert (job["state"], counts(job), job["rows_done"]) == ("DONE", (MANY, 0, 0, 0), MANY)
    assert await number_of_products(database) == MANY
    async with database.read() as connection:
        assert await check(connection) == []
        assert (await connection.execute(select(Job.id).where(Job.error.is_not(None)))).all() == []


async def test_two_workers_with_one_chunk_write_it_once(
    importer: Importer, program: App, database: Database
) -> None:
    job_id = await staged(importer, program, 300)
    work = program.workshop
    await asyncio.gather(*(apply_chunk(work, job_id, 0) for _ in range(3)), return_exceptions=True)
    job = await importer.state(str(job_id))
    assert (counts(job), job["rows_done"]) == ((300, 0, 0, 0), 300)
    assert await number_of_products(database) == 300


async def test_a_chunk_that_fails_midway_leaves_nothing_of_itself(
    importer: Importer, program: App, database: Database
) -> None:
    job_id = await staged(importer, program, 600)
    await apply_chunk(program.workshop, job_id, 0)
    # A rival takes a SKU of the second chunk after it was judged.
    rival = csv_of(mugs(1, first=550))
    other = UUID((await importer.send(rival)).json()["id"])
    await stage_file(program.workshop, other)
    await check_chunk(program.workshop, other, 0)
    await apply_chunk(program.workshop, other, 0)
    await apply_chunk(program.workshop, job_id, 1)
    job = await importer.state(str(job_id))
    assert (job["state"], job["rows_done"], job["applied_to_row"]) == ("FAILED", 500, 501)
    report = await importer.report(job)
    assert [line["code"] for line in report] == ["LOST_RACE", "NOT_APPLIED"]
    assert "501" in report[1]["issue"]
    assert await number_of_products(database) == 501


async def test_a_job_cancelled_between_chunks_keeps_what_was_applied(
    importer: Importer, program: App, database: Database
) -> None:
    job_id = await staged(importer, program, 600)
    await apply_chunk(program.workshop, job_id, 0)
    answer = await importer.client.delete(f"/jobs/{job_id}", headers=importer.headers)
    assert answer.json()["state"] == "CANCELLED"
    await importer.run_jobs()
    assert await number_of_products(database) == 500


async def on_its_last_try(database: Database) -> None:
    """Let what is due be tried for the last time."""
    async with database.transaction() as tx:
        due = update(Job).where(Job.state == JobState.READY)
        await tx.connection.execute(due.values(tries=MAXIMUM_TRIES - 1))


async def test_a_job_that_was_given_up_says_what_was_applied_and_stays_so(
    importer: Importer, program: App, database: Database
) -> None:
    job_id = await staged(importer, program, 600)
    await apply_chunk(program.workshop, job_id, 0)
    # What the second chunk was to write cannot be read any more.
    (program.settings.data_dir / "bulk" / chunk_of(job_id, "plan", 1)).unlink()
    await on_its_last_try(database)
    await importer.run_jobs()
    job = await importer.state(str(job_id))
    assert (job["state"], job["rows_done"], job["applied_to_row"]) == ("FAILED", 500, 501)
    assert job["ended_at"] is not None
    (line,) = await importer.report(job)
    assert line["code"] == "GIVEN_UP"
    assert "501" in line["issue"]
    assert "501" in line["hint"]

    async with database.transaction() as tx:
        dead = await tx.connection.execute(select(Job.id).where(Job.state == JobState.DEAD))
        assert await revive_dead(tx, dead.scalar_one())
    await importer.run_jobs()
    assert await importer.state(str(job_id)) == job
    assert await number_of_products(database) == 500
    again = await importer.job(csv_of(mugs(600)))
    assert (again["state"], counts(again)) == ("DONE", (100, 0, 500, 0))


@pytest.mark.parametrize("step", ["upload", "raw-00000"])
async def test_a_job_that_was_given_up_before_it_wrote_says_that_nothing_was_applied(
    importer: Importer, program: App, database: Database, step: str
) -> None:
    answer = await importer.send(csv_of(mugs(1)))
    job_id = UUID(answer.json()["id"])
    if step != "upload":
        await stage_file(program.workshop, job_id)
    (program.settings.data_dir / "bulk" / folder_of(job_id) / step).unlink()
    await on_its_last_try(database)
    await importer.run_jobs()
    job = await importer.state(str(job_id))
    assert (job["state"], job["applied_to_row"]) == ("FAILED", 0)
    (line,) = await importer.report(job)
    assert line["code"] == "GIVEN_UP"
    assert line["issue"].endswith("Nothing was applied.")


async def test_a_task_that_was_given_up_late_leaves_a_job_alone_that_went_on(
    importer: Importer, program: App, database: Database
) -> None:
    job_id = await staged(importer, program, 600)
    late = give_up_on(ApplyChunk(job_id, 0))
    await apply_chunk(program.workshop, job_id, 0)
    async with database.transaction() as tx:
        tx.enqueue(late)
    await importer.run_jobs()
    assert (await importer.state(str(job_id)))["state"] == "DONE"


async def test_old_jobs_and_their_reports_go(importer: Importer, database: Database) -> None:
    job = await importer.job(b"sku,nombre\n1,2\n")
    assert job["issues_total"] == 1
    async with database.transaction() as tx:
        old = now().replace(year=now().year - 1)
        await tx.connection.execute(update(BulkJob).values(ended_at=old))
        assert await JobService(tx).purge() == 1
    answer = await importer.client.get(f"/jobs/{job['id']}", headers=importer.headers)
    assert answer.status_code == 404


async def levels(database: Database) -> list[int]:
    """Return the units on hand of every level, the oldest first."""
    query = select(StockLevel.on_hand).order_by(StockLevel.id)
    async with database.read() as connection:
        return list((await connection.execute(query)).scalars())


async def test_stock_is_set_changed_and_compared(
    importer: Importer, database: Database, build: Build
) -> None:
    one, two, three = [
        await build.product(vendor=importer.vendor, stock=units) for units in (10, 20, 30)
    ]
    header = ["sku", "location", "quantity", "delta", "expected"]
    rows = [header, [one.sku, "", 7, "", 10], [two.sku, "", "", -5, ""]]
    rows += [[three.sku, "Bodega", 4, "", ""]]
    job = await importer.job(csv_of(rows), to="/inventory/import")
    assert (job["kind"], job["state"], counts(job)) == ("STOCK", "DONE", (0, 3, 0, 0))
    assert await levels(database) == [7, 15, 30, 4]
    # The level is not 10 any more: compare-and-set refuses, and with it all of the file.
    again = await importer.job(csv_of(rows), to="/inventory/import")
    assert (again["state"], counts(again)) == ("FAILED", (0, 0, 0, 1))
    assert [(line["row"], line["code"]) for line in await importer.report(again)] == [
        ("2", "LEVEL_MOVED")
    ]
    assert await levels(database) == [7, 15, 30, 4]


async def test_levels_that_were_so_before_are_counted_as_unchanged(
    importer: Importer, database: Database, build: Build
) -> None:
    mugs = [await build.product(vendor=importer.vendor, stock=10) for _ in range(4)]
    cells = ([10, ""], [9, ""], ["", 0], ["", 2])
    rows = [[mug.sku, *each] for mug, each in zip(mugs, cells, strict=True)]
    content = csv_of([["sku", "quantity", "delta"], *rows])
    for dry_run in (True, False):
        job = await importer.job(content, to="/inventory/import", dry_run=dry_run)
        assert (job["state"], counts(job)) == ("DONE", (0, 2, 2, 0))
    assert await levels(database) == [10, 9, 10, 12]


async def test_one_level_is_named_once_whether_its_place_is_said_or_not(
    importer: Importer, database: Database, build: Build
) -> None:
    mug = await build.product(vendor=importer.vendor, stock=10)
    rows = [["sku", "location", "quantity"], [mug.sku, "", 5], [mug.sku, "Principal", 7]]
    job = await importer.job(csv_of(rows), to="/inventory/import")
    assert [(line["row"], line["code"]) for line in await importer.report(job)] == [
        ("3", "SKU_TWICE")
    ]
    assert (job["state"], await levels(database)) == ("FAILED", [10])


async def test_stock_that_orders_hold_stays(
    importer: Importer, database: Database, build: Build
) -> None:
    held, free = [await build.product(vendor=importer.vendor, stock=10) for _ in range(2)]
    foreign = await build.product(stock=10)
    async with database.transaction() as tx:
        await InventoryService(tx).reserve(1, [Demand(held.variant_id, held.id, 6)])
    rows = [["sku", "delta"], [held.sku, -5], [free.sku, -5], [foreign.sku, -5], [free.sku, 1]]
    job = await importer.job(csv_of(rows), to="/inventory/import", on_error="skip")
    assert (job["state"], counts(job)) == ("DONE", (0, 1, 0, 3))
    report = await importer.report(job)
    assert sorted((line["row"], line["code"]) for line in report) == [
        ("2", "BELOW_RESERVED"),
        ("4", "VARIANT_NOT_FOUND"),
        ("5", "SKU_TWICE"),
    ]
    assert await levels(database) == [10, 5, 10]


async def test_files_of_an_upload_that_was_cut_off_go_and_those_of_a_slow_job_stay(
    importer: Importer, program: App, database: Database, clock: MovedClock, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(csv_of(mugs(1)))
    cut_off = Upload(tmp_path / "file", None, FileForm.CSV, "")
    await cut_off.keep(program.workshop, uuid7())
    job_id = await staged(importer, program, 600)
    await on_drop_job_files(DropJobFiles(job_id), work=program.workshop)

    clock.advance(timedelta(hours=2))
    await importer.run_jobs()

    assert await number_of_products(database) == 600
    assert list((program.settings.data_dir / "bulk").rglob("*")) == []


@pytest.mark.parametrize("state", [BulkState.DONE, BulkState.FAILED])
async def test_no_file_is_left_when_a_job_ends(
    importer: Importer, program: App, state: BulkState
) -> None:
    content = csv_of(mugs(1)) if state is BulkState.DONE else b"sku,nombre\n1,2\n"
    job = await importer.job(content)
    assert job["state"] == state
    assert list((program.settings.data_dir / "bulk").rglob("*")) == []
