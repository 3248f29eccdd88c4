"""Jobs that end because one of their steps failed too often."""

from mestore.bulk.repository import JobRepository
from mestore.bulk.service.cells import said
from mestore.bulk.service.workshop import spoken
from mestore.bulk.types import BulkState, DropJobFiles, GiveUpJob, Issue, Job
from mestore.kernel.clock import now
from mestore.kernel.db import Tx


async def give_up(tx: Tx, task: GiveUpJob) -> None:
    """Fail a job and say what of it was applied; one that went on is left alone."""
    jobs = JobRepository(tx.connection)
    job = await jobs.find(task.job_id)
    if job is None or job.state is not task.state or task.chunk not in {None, job.next_chunk}:
        return
    values = {"state": BulkState.FAILED, "ended_at": now()}
    if await jobs.advance(job, values, {"issues_total": 1}):
        with spoken(job):
            issue = _issue(job)
        await jobs.add_issues(job.id, [issue])
        tx.enqueue(DropJobFiles(job.id))


def _issue(job: Job) -> Issue:
    applied, hint = _what_to_do(job)
    words = said("The import failed again and again.", "La importación falló una y otra vez.")
    repeated = said(
        "If that fails too, tell those who run the shop the id of this job.",
        "Si también falla, da el id de este trabajo a quienes operan la tienda.",
    )
    return Issue(0, "", "GIVEN_UP", f"{words} {applied}", f"{hint} {repeated}")


def _what_to_do(job: Job) -> tuple[str, str]:
    """Return what was applied, and what to send again."""
    if job.state is not BulkState.APPLYING or job.next_chunk == 0:
        return (
            said("Nothing was applied.", "No se aplicó nada."),
            said("Send the file again.", "Envía el archivo de nuevo."),
        )
    if job.next_chunk < job.chunks_total:
        row = job.applied_to_row
        return (
            said(
                f"Rows up to {row} were applied, none after it.",
                f"Se aplicaron las filas hasta la {row} y ninguna después.",
            ),
            said(
                f"Send the rows after {row} again.", f"Envía de nuevo las filas después de {row}."
            ),
        )
    return (
        said(
            "Every row was applied; pictures may be missing.",
            "Se aplicaron todas las filas; pueden faltar imágenes.",
        ),
        said("Send products without pictures again.", "Envía de nuevo los productos sin imágenes."),
    )
