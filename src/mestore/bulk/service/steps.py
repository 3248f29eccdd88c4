"""The steps of a job. Each ends in one transaction that moves the job on, if it still is there.

A step that runs twice finds the job further on and changes nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from mestore.bulk.repository import JobRepository
from mestore.bulk.service.cells import said
from mestore.bulk.service.judging import (
    Judged,
    Surroundings,
    category_of,
    judge_levels,
    judge_products,
    refused,
    sku_of,
)
from mestore.bulk.service.pictures import name_pictures
from mestore.bulk.service.staging import names_of_archive, stage
from mestore.bulk.service.workshop import (
    Planned,
    Workshop,
    chunk_of,
    packed_levels,
    packed_products,
    spoken,
    unpacked_levels,
    unpacked_products,
    unpacked_records,
)
from mestore.bulk.service.writing import ProductWriter, added, weed, writer_of
from mestore.bulk.types import (
    MOST_ISSUES,
    ApplyChunk,
    BulkState,
    CheckChunk,
    DropJobFiles,
    FetchPictures,
    Issue,
    Job,
    JobKind,
    OnError,
    Outcome,
    Record,
    UnreadableFile,
)
from mestore.bulk.views.catalogue import known_categories, known_products, variants_by_sku
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace, Refusal
from mestore.kernel.messages import Task

_TRIES = 3


class _Moved(Exception):  # noqa: N818  no error
    """The job is not where this step read it: cancelled, or done by another worker."""


async def stage_file(work: Workshop, job_id: UUID) -> None:
    """Split the file of a job into chunks."""
    job = await _read(work, job_id, BulkState.QUEUED, 0)
    if job is None:
        return
    try:
        chunks, records = await stage(work, job)
    except UnreadableFile as error:
        await _fail(work, job, [error.issue])
        return
    async with work.database.transaction() as tx:
        values = {
            "state": BulkState.VALIDATING,
            "chunks_total": chunks,
            "rows_total": records,
            "started_at": now(),
        }
        if await JobRepository(tx.connection).advance(job, values):
            tx.enqueue(CheckChunk(job.id, 0))


async def check_chunk(work: Workshop, job_id: UUID, chunk: int) -> None:
    """Judge one chunk; after the last one the job goes on to be applied, or ends."""
    job = await _read(work, job_id, BulkState.VALIDATING, chunk)
    if job is None:
        return
    content = await work.files.get(chunk_of(job.id, "raw", chunk))
    records = unpacked_records(content)
    with spoken(job):
        judged = await _judged(work, job, records)
        outcome = await _tried(work, job, judged)
    packed = (
        packed_products(judged.products)
        if job.kind is JobKind.PRODUCTS
        else packed_levels(judged.levels)
    )
    await work.files.put(chunk_of(job.id, "plan", chunk), packed)
    good = len(judged.products) + len(judged.levels)
    outcome.failed = len(records) - good
    outcome.issues = judged.issues + outcome.issues
    async with work.database.transaction() as tx:
        await _end_check(tx, job, outcome, len(records))


async def apply_chunk(work: Workshop, job_id: UUID, chunk: int) -> None:
    """Write one chunk and count it, in one transaction."""
    job = await _read(work, job_id, BulkState.APPLYING, chunk)
    if job is None:
        return
    content = await work.files.get(chunk_of(job.id, "plan", chunk))
    rows: Sequence[Any] = (
        unpacked_products(content) if job.kind is JobKind.PRODUCTS else unpacked_levels(content)
    )
    with spoken(job):
        try:
            await _apply(work, job, rows, Outcome())
        except Refusal as refusal:
            if job.on_error is OnError.ABORT:
                await _fail(work, job, _left_over(job, rows, refusal))
                return
            kept, outcome = await weed(work.database, job, writer_of(job.kind), rows)
            await _apply(work, job, kept, Outcome(failed=outcome.failed, issues=outcome.issues))


async def _apply(work: Workshop, job: Job, rows: Sequence[Any], bad: Outcome) -> None:
    """Write a chunk; a lost race is run again a few times."""
    for tries in range(_TRIES):
        try:
            async with work.database.transaction() as tx:
                await _apply_in(tx, job, rows, bad)
            return
        except _Moved:
            return
        except LostRace:
            if tries + 1 == _TRIES:
                raise
            await asyncio.sleep(0.1 * 2**tries)


async def _apply_in(tx: Tx, job: Job, rows: Sequence[Any], bad: Outcome) -> None:
    jobs = JobRepository(tx.connection)
    last = max([row.last for row in rows], default=job.applied_to_row)
    moved = {"next_chunk": job.next_chunk + 1, "applied_to_row": last}
    if not await jobs.advance(job, moved):
        raise _Moved
    outcome, pictures = Outcome(), 0
    if rows:
        writer = writer_of(job.kind)
        outcome = await writer.write(tx, job, rows)
        if isinstance(writer, ProductWriter):
            pictures = await name_pictures(tx, job, rows, writer.products)
    await jobs.add_issues(job.id, _that_fit(job, bad.issues))
    counts = _counts(outcome) | {
        "rows_done": len(rows),
        "rows_failed": bad.failed,
        "issues_total": len(bad.issues),
        "pictures_total": pictures,
    }
    await jobs.count(job.id, counts)
    if job.next_chunk + 1 < job.chunks_total:
        tx.enqueue(ApplyChunk(job.id, job.next_chunk + 1))
    else:
        # Ends the job also where no picture waits.
        tx.enqueue(FetchPictures(job.id))


async def _judged(work: Workshop, job: Job, records: Sequence[Record]) -> Judged:
    skus = {sku for record in records if (sku := sku_of(record)) is not None}
    async with work.database.read() as connection:
        if job.kind is JobKind.STOCK:
            variants = await variants_by_sku(connection, job.vendor_id, skus)
            return await asyncio.to_thread(judge_levels, records, variants, job.mode)
        keys = {key for record in records if (key := category_of(record)) is not None}
        known = await known_products(connection, job.vendor_id, skus)
        categories = await known_categories(connection, keys)
    archive = await names_of_archive(work, job)
    around = Surroundings(job.mode, known, categories, archive)
    return await asyncio.to_thread(judge_products, records, around)


async def _tried(work: Workshop, job: Job, judged: Judged) -> Outcome:
    """Try what could be refused, taking it back; leave out of `judged` what is refused.

    New products need no trial: their rules ask nothing that is not in the row.
    """
    if job.kind is JobKind.STOCK:
        kept, outcome = await weed(work.database, job, writer_of(job.kind), judged.levels)
        judged.levels = kept
        return outcome
    known = [row for row in judged.products if not row.is_new]
    kept_known, outcome = await weed(work.database, job, ProductWriter(), known)
    refused_rows = {row.row for row in known} - {row.row for row in kept_known}
    judged.products = [row for row in judged.products if row.row not in refused_rows]
    new = sum(row.is_new for row in judged.products)
    return added(outcome, Outcome(created=new))


async def _end_check(tx: Tx, job: Job, outcome: Outcome, records: int) -> None:
    jobs = JobRepository(tx.connection)
    failed = job.rows_failed + outcome.failed
    issues_total = job.issues_total + len(outcome.issues)
    is_last = job.next_chunk + 1 == job.chunks_total
    values: dict[str, Any] = {"next_chunk": job.next_chunk + 1}
    following: Task = CheckChunk(job.id, job.next_chunk + 1)
    ended = _end_of_check(job, is_last, failed, issues_total)
    if ended:
        values |= {"state": ended, "ended_at": now()}
        following = DropJobFiles(job.id)
    elif is_last:
        values |= {"state": BulkState.APPLYING, "next_chunk": 0}
        following = ApplyChunk(job.id, 0)
    counts = {
        "rows_checked": records,
        "rows_failed": outcome.failed,
        "issues_total": len(outcome.issues),
    }
    counts |= _counts(outcome) if job.dry_run else {}
    if await jobs.advance(job, values, counts):
        await jobs.add_issues(job.id, _that_fit(job, outcome.issues))
        tx.enqueue(following)


def _end_of_check(job: Job, is_last: bool, failed: int, issues: int) -> BulkState | None:
    if issues > MOST_ISSUES:
        return BulkState.FAILED
    if not is_last:
        return None
    if failed and job.on_error is OnError.ABORT:
        return BulkState.FAILED
    return BulkState.DONE if job.dry_run else None


async def _read(work: Workshop, job_id: UUID, state: BulkState, chunk: int) -> Job | None:
    """Return a job if it waits for this step."""
    async with work.database.read() as connection:
        job = await JobRepository(connection).find(job_id)
    if job is None or job.state is not state or job.next_chunk != chunk:
        return None
    return job


async def _fail(work: Workshop, job: Job, issues: Sequence[Issue]) -> None:
    async with work.database.transaction() as tx:
        jobs = JobRepository(tx.connection)
        values = {"state": BulkState.FAILED, "ended_at": now()}
        if await jobs.advance(job, values, {"issues_total": len(issues)}):
            await jobs.add_issues(job.id, issues)
            tx.enqueue(DropJobFiles(job.id))


def _left_over(job: Job, rows: Sequence[Planned], refusal: Refusal) -> list[Issue]:
    """Say what was refused, and from where on nothing was applied."""
    words = said(
        f"Rows up to {job.applied_to_row} were applied; nothing from row {rows[0].row} on was.",
        f"Se aplicaron las filas hasta la {job.applied_to_row}; desde la {rows[0].row}, ninguna.",
    )
    hint = said(
        "Something changed since the file was checked. Import what is left again.",
        "Algo cambió desde que se revisó el archivo. Importa de nuevo lo que falta.",
    )
    return [refused(rows[0].row, refusal), Issue(rows[0].row, "", "NOT_APPLIED", words, hint)]


def _that_fit(job: Job, issues: Sequence[Issue]) -> Sequence[Issue]:
    return issues[: max(0, MOST_ISSUES - job.issues_total)]


def _counts(outcome: Outcome) -> dict[str, int]:
    return {
        "rows_created": outcome.created,
        "rows_updated": outcome.updated,
        "rows_unchanged": outcome.unchanged,
    }
