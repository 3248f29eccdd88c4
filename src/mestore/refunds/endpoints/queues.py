"""HTTP for the queues of money that did not arrive as it should."""

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Response

from mestore.accounts.deps import require, require_person
from mestore.accounts.types import Caller, Permission
from mestore.checkout.deps import World
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.payments.errors import AlreadyResolved, ExceptionNotFound
from mestore.payments.types.stranded import ExceptionKind, ExceptionState
from mestore.refunds.errors import ActionNotPossible, NotRevivable, TakenByBank
from mestore.refunds.schemas import ExceptionListOut, ExceptionOut, ResolveIn
from mestore.refunds.service.queues import POSSIBLE, resolve
from mestore.refunds.views import ExceptionView, get_exception, page_exceptions

router = Router(prefix="/admin/payments/exceptions", tags=["admin"])

Viewing = Annotated[Caller, Depends(require(Permission.PAYMENTS_VIEW))]
Managing = Annotated[Caller, Depends(require_person(Permission.PAYMENTS_MANAGE))]


@router.get(
    "", response_model=ExceptionListOut, responses=refuses(Unauthorized, Forbidden, InvalidPage)
)
async def list_exceptions(
    _: Viewing,
    db: Db,
    paging: Paging,
    kind: ExceptionKind | None = None,
    state: ExceptionState | None = None,
) -> Response:
    """List the entries of all queues, the newest first, with the ends that each can have."""
    async with db.read() as connection:
        page = await page_exceptions(connection, paging, kind, state)
    body = {"exceptions": [_shown(row) for row in page.rows], "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.post(
    "/{exception_id}/resolve",
    response_model=ExceptionOut,
    responses=refuses(
        Unauthorized,
        Forbidden,
        ExceptionNotFound,
        AlreadyResolved,
        ActionNotPossible,
        NotRevivable,
        TakenByBank,
    ),
)
async def resolve_exception(
    exception_id: RowId,
    body: ResolveIn,
    caller: Managing,
    world: World,
    db: Db,
) -> Response:
    """Give an entry its one end: refund, revive, accept or write_off."""
    await resolve(world, exception_id, body.end, body.reason, caller.user_id)
    async with db.read() as connection:
        found = await get_exception(connection, exception_id)
    return Response(msgspec.json.encode(_shown(found)), media_type="application/json")


def _shown(entry: ExceptionView) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.structs.asdict(entry)
    is_open = entry.state == ExceptionState.OPEN
    ends = sorted(POSSIBLE[ExceptionKind(entry.kind)]) if is_open else []
    return {**shown, "actions": [end.value.lower() for end in ends]}
