"""HTTP for price alerts."""

import msgspec
from fastapi import Response

from mestore.accounts.deps import CurrentUser
from mestore.catalog.errors import ProductNotFound, VariantNotFound
from mestore.interests.errors import (
    PriceAlertNotFound,
    PriceAlreadyWatched,
    TargetNotBelowPrice,
    TooManyPriceAlerts,
)
from mestore.interests.schemas import PriceAlertIn, PriceAlertsOut
from mestore.interests.service import AlertService
from mestore.interests.types import PriceAlertView
from mestore.interests.views import page_of_alerts, read_alert
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, InTx, Paging, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage, PageTooDeep
from mestore.kernel.routing import Router

router = Router(prefix="/price-alerts", tags=["price alerts"])


@router.get(
    "", response_model=PriceAlertsOut, responses=refuses(Unauthorized, InvalidPage, PageTooDeep)
)
async def list_alerts(db: Db, paging: Paging, user: CurrentUser) -> Response:
    """List the prices that the caller watches, the newest first."""
    async with db.read() as connection:
        page = await page_of_alerts(connection, user.user_id, paging)
    return _json({"price_alerts": page.rows, "pagination": page.pagination})


@router.post(
    "",
    status_code=201,
    response_model=PriceAlertView,
    responses=refuses(
        Unauthorized,
        ProductNotFound,
        VariantNotFound,
        PriceAlreadyWatched,
        TooManyPriceAlerts,
        TargetNotBelowPrice,
    ),
)
async def watch_price(body: PriceAlertIn, tx: InTx, user: CurrentUser) -> Response:
    """Watch a price; the caller is mailed each time it crosses down to the target.

    Without `target_price` every drop counts; without `variant_id` the price of the product.
    """
    alert_id = await AlertService(tx).watch(
        user.user_id, body.product_id, body.variant_id, body.target_minor()
    )
    return _json(await read_alert(tx.connection, user.user_id, alert_id), 201)


@router.delete("/{alert_id}", status_code=204, responses=refuses(Unauthorized, PriceAlertNotFound))
async def delete_alert(alert_id: RowId, tx: InTx, user: CurrentUser) -> None:
    """Stop watching a price."""
    await AlertService(tx).remove(user.user_id, alert_id)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
