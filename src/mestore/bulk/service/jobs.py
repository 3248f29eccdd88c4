"""Jobs begun, called off and forgotten."""

from collections.abc import Sequence
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.bulk.errors import JobEnded
from mestore.bulk.repository import JobRepository
from mestore.bulk.types import (
    KEEP_JOBS,
    BulkState,
    DropJobFiles,
    FileForm,
    JobKind,
    JobView,
    StageFile,
    Wish,
)
from mestore.bulk.views.jobs import Onlooker, get_job
from mestore.catalog.errors import ShopNotOpen
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.vendors.service import VendorService
from mestore.vendors.types import VendorStatus

_COUNTERS = (
    "next_chunk",
    "chunks_total",
    "rows_total",
    "rows_checked",
    "rows_done",
    "rows_created",
    "rows_updated",
    "rows_unchanged",
    "rows_failed",
    "applied_to_row",
    "issues_total",
    "pictures_total",
    "pictures_done",
    "pictures_failed",
)


class JobService:
    """Writes jobs in the caller's transaction."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.jobs = JobRepository(tx.connection)

    async def begin(
        self,
        job_id: UUID,
        onlooker: Onlooker,
        vendor_id: UUID,
        wish: Wish,
        form: FileForm,
        *,
        has_pictures: bool,
    ) -> JobView:
        """Write a job whose files lie there already; what staff begin is in the audit log.

        Raises `ShopNotOpen` where the vendor may not offer products now.
        """
        vendor = await VendorService(self.tx).get(vendor_id)
        if wish.kind is JobKind.PRODUCTS and vendor.status is not VendorStatus.APPROVED:
            raise ShopNotOpen
        values = {
            "id": job_id,
            "user_id": onlooker.user_id,
            "vendor_id": vendor_id,
            "kind": wish.kind,
            "state": BulkState.QUEUED,
            "form": form,
            "mode": wish.mode,
            "on_error": wish.on_error,
            "dry_run": wish.dry_run,
            "language": wish.language,
            "has_pictures": has_pictures,
            "created_at": now(),
            **dict.fromkeys(_COUNTERS, 0),
        }
        await self.jobs.add(values)
        if onlooker.is_staff and not wish.dry_run:
            told = {"job_id": str(job_id), "kind": wish.kind, "mode": wish.mode}
            record(self.tx, Act.FILE_IMPORTED, Subject.VENDOR, vendor_id, after=told)
        self.tx.enqueue(StageFile(job_id))
        return await get_job(self.tx.connection, onlooker, job_id)

    async def cancel(self, onlooker: Onlooker, job_id: UUID) -> JobView:
        """Stop a job before its next chunk; raises `JobNotFound`, `JobEnded`."""
        job = await get_job(self.tx.connection, onlooker, job_id)
        if not await self.jobs.end(job_id, BulkState.CANCELLED, now()):
            raise JobEnded(state=(await get_job(self.tx.connection, onlooker, job_id)).state)
        self.tx.enqueue(DropJobFiles(job_id))
        return await get_job(self.tx.connection, onlooker, job.id)

    async def forget_user(self, user_id: UUID) -> None:
        """Delete the jobs of somebody, with their reports and files."""
        await self._forget(await self.jobs.of_user(user_id))

    async def purge(self) -> int:
        """Delete some jobs that ended long ago; return how many."""
        old = await self.jobs.ended_before(now() - KEEP_JOBS)
        await self._forget(old)
        return len(old)

    async def _forget(self, job_ids: Sequence[UUID]) -> None:
        if not job_ids:
            return
        await self.jobs.delete(job_ids)
        for job_id in job_ids:
            self.tx.enqueue(DropJobFiles(job_id))
