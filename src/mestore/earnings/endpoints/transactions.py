"""HTTP for the entries of the ledger."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Response

from mestore.accounts.types import Permission
from mestore.earnings.deps import Viewing
from mestore.earnings.schemas import TransactionListOut
from mestore.earnings.views.transactions import TransactionFilter, page_transactions
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.moments import Moment, beginning, end
from mestore.kernel.paging import InvalidPage
from mestore.kernel.routing import Router
from mestore.ledger.types import EntryKind
from mestore.vendors.service import vendor_of

router = Router(prefix="/transactions", tags=["vendors"])

_OrderId = RowId | None
_Account = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


@router.get(
    "",
    response_model=TransactionListOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage),
)
async def list_transactions(
    caller: Viewing,
    db: Db,
    paging: Paging,
    kind: EntryKind | None = None,
    order_id: _OrderId = None,
    vendor_id: UUID | None = None,
    date_from: Moment | None = None,
    date_to: Moment | None = None,
    account: _Account = None,
) -> Response:
    """List the entries of the ledger, the newest first: all for staff, a vendor's own lines else.

    `account` is one as the lines name it, such as `platform:commission`, or `pending` for a
    vendor's own. Both dates are included; days are Bogotá's.
    """
    owner_id = None
    if not caller.oversees(Permission.PAYOUTS_VIEW):
        async with db.read() as connection:
            owner_id = (await vendor_of(connection, caller.user_id)).id
        account = account and f"vendor:{owner_id}:{account}"
    filter_ = TransactionFilter(
        kind,
        order_id,
        account,
        vendor_id,
        beginning(date_from) if date_from else None,
        end(date_to) if date_to else None,
    )
    page = await page_transactions(db, paging, filter_, owner_id)
    body = {"transactions": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")
