"""The steps of bulk jobs, as tasks of the worker."""

from mestore.bulk.repository import JobRepository
from mestore.bulk.service.giving_up import give_up
from mestore.bulk.service.jobs import JobService
from mestore.bulk.service.pictures import fetch_pictures
from mestore.bulk.service.steps import apply_chunk, check_chunk, stage_file
from mestore.bulk.service.workshop import Workshop, folder_of
from mestore.bulk.types import (
    ENDED,
    ApplyChunk,
    BulkState,
    CheckChunk,
    DropJobFiles,
    FetchPictures,
    GiveUpJob,
    PurgeJobs,
    StageFile,
)
from mestore.kernel.db import Tx


async def on_stage_file(task: StageFile, *, work: Workshop) -> None:
    """Split the file of a job into chunks."""
    await stage_file(work, task.job_id)


async def on_check_chunk(task: CheckChunk, *, work: Workshop) -> None:
    """Judge one chunk of a job."""
    await check_chunk(work, task.job_id, task.chunk)


async def on_apply_chunk(task: ApplyChunk, *, work: Workshop) -> None:
    """Write one chunk of a job."""
    await apply_chunk(work, task.job_id, task.chunk)


async def on_fetch_pictures(task: FetchPictures, *, work: Workshop) -> None:
    """Fetch some pictures of a job."""
    await fetch_pictures(work, task.job_id)


def give_up_on(step: StageFile | CheckChunk | ApplyChunk | FetchPictures) -> GiveUpJob:
    """Return what is to be done about a job whose step was tried too often."""
    match step:
        case StageFile():
            return GiveUpJob(step.job_id, BulkState.QUEUED, 0)
        case CheckChunk():
            return GiveUpJob(step.job_id, BulkState.VALIDATING, step.chunk)
        case ApplyChunk():
            return GiveUpJob(step.job_id, BulkState.APPLYING, step.chunk)
        case FetchPictures():
            return GiveUpJob(step.job_id, BulkState.APPLYING, None)


async def on_give_up_job(tx: Tx, task: GiveUpJob) -> None:
    """Fail a job whose step was tried too often."""
    await give_up(tx, task)


async def on_drop_job_files(task: DropJobFiles, *, work: Workshop) -> None:
    """Remove the files of a job that ended, or never began."""
    async with work.database.read() as connection:
        job = await JobRepository(connection).find(task.job_id)
    if job is not None and job.state not in ENDED:
        return
    await work.files.delete_under(folder_of(task.job_id))


async def purge_jobs(tx: Tx, _: PurgeJobs) -> None:
    """Delete some jobs that ended long ago."""
    await JobService(tx).purge()
