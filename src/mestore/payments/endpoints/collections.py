"""HTTP for staff: collection files of Efecty, which tell of payments at counters."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from mestore.accounts.deps import require_person
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import BodyTooLarge, Forbidden, NotFound, Unauthorized
from mestore.kernel.http import Db, IdempotencyHeader, answered, refuses
from mestore.kernel.idempotency import IdempotencyKeyReused, Once
from mestore.kernel.routing import Router
from mestore.payments.deps import Network
from mestore.payments.errors import (
    CollectionLineInvalid,
    CollectionPosted,
    CollectionTooLong,
    CollectionTrailerWrong,
    CollectionUnreadable,
)
from mestore.payments.schemas import PostedCollectionOut
from mestore.payments.service import post_collection

router = Router(prefix="/admin/payments/efecty", tags=["admin"])

Managing = Annotated[Caller, Depends(require_person(Permission.PAYMENTS_MANAGE))]
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


@router.post(
    "/collections",
    response_model=PostedCollectionOut,
    openapi_extra=_FILE,
    responses=refuses(
        Unauthorized,
        Forbidden,
        NotFound,
        BodyTooLarge,
        CollectionUnreadable,
        CollectionLineInvalid,
        CollectionTrailerWrong,
        CollectionTooLong,
        CollectionPosted,
        IdempotencyKeyReused,
    ),
)
async def post_collection_file(
    request: Request,
    caller: Managing,
    network: Network,
    db: Db,
    key: IdempotencyHeader = None,
) -> Response:
    """Post a collection file, as text or as the file of a form; its trailer is checked first."""
    content = await _content(request)
    once = None
    if key is not None:
        route = f"{request.method} {request.url.path}"
        # The boundary of a form differs each time, its file does not.
        once = Once.of(principal=f"user:{caller.user_id}", route=route, key=key, body=content)
    return answered(await post_collection(db, network.collection_of(content), once))


async def _content(request: Request) -> bytes:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await request.body()
    try:
        async with request.form(max_files=1, max_fields=5) as form:
            for _, given in form.multi_items():
                if isinstance(given, UploadFile):
                    return await given.read()
    except (MultiPartException, HTTPException) as error:
        raise CollectionUnreadable from error
    raise CollectionUnreadable
