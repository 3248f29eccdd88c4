"""The pictures that files name: each taken once, through the same door as uploads."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from mestore.bulk.repository import JobRepository
from mestore.bulk.service.cells import said
from mestore.bulk.service.judging import refused
from mestore.bulk.service.staging import picture_of
from mestore.bulk.service.workshop import Planned, Workshop, spoken
from mestore.bulk.types import (
    BulkState,
    DropJobFiles,
    FetchPictures,
    Issue,
    Job,
    PictureRefused,
    PictureState,
)
from mestore.catalog.service.images import ImageService
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import SYSTEM_EDITOR, NewImage
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import Refusal, Unavailable
from mestore.kernel.ids import uuid7
from mestore.media.errors import BlobMissing
from mestore.media.service import store_original, take_in
from mestore.media.types import Picture

_AT_ONCE = 4
_WORDS = {
    "PICTURE_UNREACHABLE": (
        "The address does not answer with a picture; redirects are not followed.",
        "La dirección no responde con una imagen; no se siguen redirecciones.",
    ),
    "ADDRESS_REFUSED": (
        "Only public http and https addresses are fetched.",
        "Solo se descargan direcciones http y https públicas.",
    ),
    "IMAGE_TOO_LARGE": ("The picture has too many bytes.", "La imagen tiene demasiados bytes."),
}


async def name_pictures(
    tx: Tx, job: Job, rows: Sequence[Planned], products: Mapping[str, UUID]
) -> int:
    """Let the pictures of written products wait to be fetched; return how many do.

    One that a file named before is not taken again, unless it was never there.
    """
    named = {
        (products[row.sku], hashlib.sha256(mark.encode()).hexdigest()): (source, row.row)
        for row in rows
        for source, mark in row.images
    }
    if not named:
        return 0
    jobs = JobRepository(tx.connection)
    known = await jobs.known_pictures({product_id for product_id, _ in named})
    fresh: list[dict[str, Any]] = []
    again = 0
    for (product_id, digest), (source, row) in sorted(named.items(), key=lambda item: item[1][1]):
        if (product_id, digest) in known:
            state, picture_id = known[product_id, digest]
            if state is not PictureState.DONE:
                again += await jobs.retry_picture(picture_id, job.id, row)
            continue
        fresh.append(
            {
                "job_id": job.id,
                "product_id": product_id,
                "digest": digest,
                "source": source,
                "row_at": row,
                "state": PictureState.WAITING,
            }
        )
    if fresh:
        await jobs.add_pictures(fresh)
    return again + len(fresh)


async def fetch_pictures(work: Workshop, job_id: UUID) -> None:
    """Fetch the next pictures of a job; the job ends when none waits any more."""
    async with work.database.read() as connection:
        jobs = JobRepository(connection)
        job = await jobs.find(job_id)
        if job is None or job.state is not BulkState.APPLYING:
            return
        waiting = await jobs.waiting_pictures(job_id, _AT_ONCE)
    with spoken(job):
        fetching = (_fetched(work, job, picture) for picture in waiting)
        # All of them end before an error of one shows: none is left running unseen.
        fetched = await asyncio.gather(*fetching, return_exceptions=True)
        # One after the other: a product shows them in the order in which its row names them.
        for picture, found in zip(waiting, fetched, strict=True):
            if isinstance(found, BaseException):
                raise found
            await _take(work, job, picture, found)
    async with work.database.transaction() as tx:
        if waiting:
            tx.enqueue(FetchPictures(job_id))
        elif await JobRepository(tx.connection).end(job_id, BulkState.DONE, now()):
            tx.enqueue(DropJobFiles(job_id))


async def _fetched(work: Workshop, job: Job, picture: Any) -> Picture | Issue:  # noqa: ANN401  a row
    """Return a picture as it is to be kept, or why there is none."""
    try:
        content = await _content(work, job, picture.source)
        return await take_in(content, picture.source[:80])
    except PictureRefused as refusal:
        words = said(*_WORDS[refusal.code])
        return Issue(picture.row_at, "images", refusal.code, words, picture.source)
    except Refusal as refusal:
        return _told(picture, refusal)


async def _take(work: Workshop, job: Job, picture: Any, found: Picture | Issue) -> None:  # noqa: ANN401  a row
    """Take one picture in; a failure is a line of the report, the product stays."""
    if isinstance(found, Issue):
        await _failed(work, job, picture.id, found)
        return
    key = f"products/{picture.product_id.hex}/{uuid7().hex}"
    try:
        async with work.database.transaction() as tx:
            product = await CatalogService(tx).hold(str(picture.product_id), SYSTEM_EDITOR)
            await ImageService(tx).announce(product, [key])
        await store_original(work.blobs, key, found)
        async with work.database.transaction() as tx:
            jobs = JobRepository(tx.connection)
            if not await jobs.move_picture(picture.id, PictureState.DONE):
                raise BlobMissing
            product = await CatalogService(tx).hold(str(picture.product_id), SYSTEM_EDITOR)
            await ImageService(tx).upload(product, [NewImage(key, found.width, found.height)])
            await jobs.count(job.id, {"pictures_done": 1})
    except Unavailable:
        # No fault of the picture's: the job asks again later.
        raise
    except Refusal as refusal:
        await _failed(work, job, picture.id, _told(picture, refusal))


def _told(picture: Any, refusal: Refusal) -> Issue:  # noqa: ANN401  a row
    told = refused(picture.row_at, refusal)
    return Issue(told.row, "images", told.code, told.issue, picture.source)


async def _content(work: Workshop, job: Job, source: str) -> bytes:
    if source.startswith(("http://", "https://")):
        return await work.pictures.fetch(source)
    return await work.files.get(picture_of(job, source))


async def _failed(work: Workshop, job: Job, picture_id: int, issue: Issue) -> None:
    async with work.database.transaction() as tx:
        jobs = JobRepository(tx.connection)
        if await jobs.move_picture(picture_id, PictureState.FAILED):
            # The job's row first: an issue only shares it, and two failures at once would deadlock.
            await jobs.count(job.id, {"pictures_failed": 1, "issues_total": 1})
            await jobs.add_issues(job.id, [issue])
