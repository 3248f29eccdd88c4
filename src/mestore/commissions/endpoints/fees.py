"""HTTP for the fees of orders, and for trying out what rules would take."""

from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import Query, Response

from mestore.accounts.types import Permission
from mestore.commissions.deps import Overseeing, Viewing
from mestore.commissions.errors import UnknownInSimulation
from mestore.commissions.schemas.answers import CommissionsOut, SimulationOut
from mestore.commissions.schemas.bodies import CommissionQuery, SimulationIn
from mestore.commissions.service.simulation import simulate
from mestore.commissions.views.lists import page_commissions
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router
from mestore.vendors.service import vendor_of

router = Router(prefix="/commissions", tags=["commissions"])


@router.get(
    "",
    response_model=CommissionsOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep),
)
async def list_commissions(
    caller: Viewing, query: Annotated[CommissionQuery, Query()], paging: Paging, db: Db
) -> Response:
    """List commissions, the newest first: a vendor's own, or all for staff.

    `total` counts at most 10,000; go on with `cursor=`.
    """
    which = query.filter()
    async with db.read() as connection:
        if not caller.oversees(Permission.COMMISSIONS_VIEW):
            which = replace(which, own_of=(await vendor_of(connection, caller.user_id)).id)
        page = await page_commissions(connection, paging, which)
    answer = {"commissions": page.rows, "pagination": page.pagination}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.post("/simulate", responses=refuses(Unauthorized, Forbidden, UnknownInSimulation))
async def simulate_sale(body: SimulationIn, _: Overseeing, tx: InTx) -> SimulationOut:
    """Say which rules would win for a sale and what they would take; nothing is written.

    Every rule that does not win is listed with the first condition that the sale does not meet.
    """
    return SimulationOut.of(await simulate(tx, body.scenario()))
