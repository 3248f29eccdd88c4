"""HTTP for files that are taken in: kept, and worked on by a job."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.bulk.deps import Limits, Works, shop_of
from mestore.bulk.errors import (
    FileExpected,
    FileTooLarge,
    PicturesUnreadable,
    UnsupportedFile,
    VendorRequired,
)
from mestore.bulk.service.jobs import JobService
from mestore.bulk.service.receiving import Upload, received
from mestore.bulk.service.workshop import Workshop, folder_of
from mestore.bulk.types import BulkPolicy, ImportMode, JobKind, JobView, OnError, Wish
from mestore.bulk.views.jobs import Onlooker
from mestore.catalog.errors import ShopNotOpen
from mestore.kernel.db import Tx
from mestore.kernel.errors import BodyTooLarge
from mestore.kernel.http import IdempotencyHeader, answered, refuses
from mestore.kernel.idempotency import Answer, IdempotencyKeyReused, Once, run_once
from mestore.kernel.ids import uuid7
from mestore.kernel.problems import language
from mestore.kernel.routing import Router
from mestore.vendors.errors import VendorNotFound

products_router = Router(prefix="/products", tags=["bulk"])
stock_router = Router(prefix="/inventory", tags=["bulk"])

_PIECE = 1 << 18
_REFUSALS = (
    BodyTooLarge,
    FileExpected,
    FileTooLarge,
    IdempotencyKeyReused,
    PicturesUnreadable,
    UnsupportedFile,
    VendorNotFound,
    VendorRequired,
)
_BINARY = {"type": "string", "format": "binary"}


def _form(name: str, *files: str) -> dict[str, Any]:
    """Return the document of a body that FastAPI does not read."""
    many = {"type": "object", "properties": {name: {"type": "array", "items": {"type": "object"}}}}
    fields = {"type": "object", "properties": dict.fromkeys(files, _BINARY), "required": ["file"]}
    content = {
        "multipart/form-data": {"schema": fields},
        "application/json": {"schema": many | {"required": [name]}},
    }
    return {"requestBody": {"required": True, "content": content}}


Importing = Annotated[Caller, Depends(require(Permission.PRODUCTS_CREATE))]
Counting = Annotated[Caller, Depends(require(Permission.INVENTORY_UPDATE))]


@products_router.post(
    "/bulk-import",
    status_code=202,
    response_model=JobView,
    responses=refuses(*_REFUSALS, ShopNotOpen),
    openapi_extra=_form("products", "file", "images"),
)
async def import_products(
    request: Request,
    caller: Importing,
    work: Works,
    limits: Limits,
    dry_run: bool = False,
    mode: ImportMode = ImportMode.UPSERT,
    on_error: OnError = OnError.ABORT,
    vendor_id: UUID | None = None,
    key: IdempotencyHeader = None,
) -> Response:
    """Add and change products of a CSV, XLSX or JSON file by SKU, in a job.

    Every row is judged before the first is written. With `dry_run` none is written.
    """
    permissions = (Permission.PRODUCTS_CREATE, Permission.PRODUCTS_UPDATE)
    shop = await shop_of(work.database, caller, vendor_id, *permissions)
    wish = Wish(JobKind.PRODUCTS, dry_run, mode, on_error, language.get())
    staff = caller.oversees(Permission.PRODUCTS_UPDATE)
    return await _begin(request, Onlooker(caller.user_id, staff), shop, wish, work, limits, key)


@stock_router.post(
    "/import",
    status_code=202,
    response_model=JobView,
    responses=refuses(*_REFUSALS),
    openapi_extra=_form("stock", "file"),
)
async def import_stock(
    request: Request,
    caller: Counting,
    work: Works,
    limits: Limits,
    dry_run: bool = False,
    on_error: OnError = OnError.ABORT,
    vendor_id: UUID | None = None,
    key: IdempotencyHeader = None,
) -> Response:
    """Set or change levels of stock by SKU and location from a CSV, XLSX or JSON file, in a job.

    With `expected` a level is set only if so many are on hand.
    """
    shop = await shop_of(work.database, caller, vendor_id, Permission.INVENTORY_UPDATE)
    wish = Wish(JobKind.STOCK, dry_run, ImportMode.UPDATE, on_error, language.get())
    staff = caller.oversees(Permission.INVENTORY_UPDATE)
    return await _begin(request, Onlooker(caller.user_id, staff), shop, wish, work, limits, key)


async def _begin(
    request: Request,
    onlooker: Onlooker,
    vendor_id: UUID,
    wish: Wish,
    work: Workshop,
    limits: BulkPolicy,
    key: str | None,
) -> Response:
    name = "products" if wish.kind is JobKind.PRODUCTS else "stock"
    async with _uploaded(request, limits, name) as upload:
        job_id = uuid7()

        async def effect(tx: Tx) -> Answer:
            job = await JobService(tx).begin(
                job_id,
                onlooker,
                vendor_id,
                wish,
                upload.form,
                has_pictures=upload.archive is not None,
            )
            return Answer(202, msgspec.json.encode(job))

        is_kept = False
        try:
            # Before the transaction: a store may be on the other side of a network.
            await upload.keep(work, job_id)
            once = _once(request, key, onlooker, vendor_id, upload)
            answer = await run_once(work.database, once, effect)
            is_kept = not answer.replayed and answer.status == 202
        finally:
            if not is_kept:
                await work.files.delete_under(folder_of(job_id))
    response = answered(answer)
    if answer.status == 202:
        response.headers["Location"] = f"/api/v1/jobs/{msgspec.json.decode(answer.body)['id']}"
    return response


def _once(
    request: Request, key: str | None, onlooker: Onlooker, vendor_id: UUID, upload: Upload
) -> Once | None:
    """Return the claim on a key: of what was uploaded, not of how the form was put together."""
    if key is None:
        return None
    asked = "&".join(f"{name}={value}" for name, value in sorted(request.query_params.items()))
    return Once.of(
        principal=f"user:{onlooker.user_id}",
        route=f"{request.method} {request.url.path}",
        key=key,
        body=f"{vendor_id} {asked} {upload.digest}".encode(),
    )


@asynccontextmanager
async def _uploaded(request: Request, limits: BulkPolicy, name: str) -> AsyncIterator[Upload]:
    """Lend the files of a request, whether it is a form or a JSON document."""
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith("application/json"):
        async with received(request.stream(), None, limits) as upload:
            yield upload
        return
    if not kind.startswith("multipart/form-data"):
        raise FileExpected(name=name)
    try:
        form = await request.form(max_files=2, max_fields=5)
    except (MultiPartException, HTTPException) as error:
        raise FileExpected(name=name) from error
    try:
        file, archive = form.get("file"), form.get("images")
        if not isinstance(file, UploadFile):
            raise FileExpected(name=name)
        pictures = _pieces(archive) if isinstance(archive, UploadFile) else None
        async with received(_pieces(file), pictures, limits) as upload:
            yield upload
    finally:
        await form.close()


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece
