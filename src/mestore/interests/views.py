"""Interests as clients read them; each read is a constant number of statements."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    bindparam,
    column,
    func,
    select,
    table,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

from mestore.catalog.service.sale import SaleItems
from mestore.interests.errors import PriceAlertNotFound, SavedSearchNotFound
from mestore.interests.models import (
    HistoryChoice,
    PastSearch,
    PriceAlert,
    SavedSearch,
    ViewedProduct,
)
from mestore.interests.types import (
    MOST_SEARCHES,
    MOST_VIEWED,
    Owner,
    PastSearchView,
    PriceAlertView,
    SavedSearchView,
)
from mestore.kernel.money import CURRENCY, to_minor, to_number
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_USERS = table("users", column("id", Uuid), column("is_active", Boolean))
_PRODUCTS = table("products", column("id", Uuid), column("is_public", Boolean))
_IS_KEPT = select(HistoryChoice.is_kept).where(HistoryChoice.user_id == bindparam("of_user"))
_SEARCHES = select(
    PastSearch.id, PastSearch.text, PastSearch.filters, PastSearch.results, PastSearch.searched_at
)
_SAVED = select(
    SavedSearch.id,
    SavedSearch.name,
    SavedSearch.text,
    SavedSearch.filters,
    SavedSearch.is_alerting,
    SavedSearch.created_at,
)
_ALERTS = select(
    PriceAlert.id,
    PriceAlert.product_id,
    PriceAlert.variant_id,
    PriceAlert.target_minor,
    PriceAlert.told_at,
    PriceAlert.created_at,
)
_VIEWED = (
    select(ViewedProduct.product_id, ViewedProduct.viewed_at)
    .join(_PRODUCTS, _PRODUCTS.c.id == ViewedProduct.product_id)
    .where(ViewedProduct.owner == bindparam("of_owner"), _PRODUCTS.c.is_public == true())
    .order_by(ViewedProduct.viewed_at.desc(), ViewedProduct.id.desc())
    .limit(MOST_VIEWED)
)
_ALERTING = (
    select(SavedSearch.user_id, SavedSearch.name)
    .join(_USERS, _USERS.c.id == SavedSearch.user_id)
    .where(
        SavedSearch.id == bindparam("of_saved", type_=BigInteger),
        SavedSearch.is_alerting == true(),
        _USERS.c.is_active == true(),
    )
)
_ACTIVE_ALERTS = (
    select(PriceAlert.id, PriceAlert.product_id, PriceAlert.variant_id)
    .join(_USERS, _USERS.c.id == PriceAlert.user_id)
    .where(PriceAlert.id.in_(bindparam("ids", expanding=True)), _USERS.c.is_active == true())
    .order_by(PriceAlert.id)
)
_NEWEST_SEARCH = SortKey("-searched_at", PastSearch.searched_at, PastSearch.id, descending=True)
_NEWEST_SAVED = SortKey("-id", SavedSearch.id, SavedSearch.id, descending=True)
_NEWEST_ALERT = SortKey("-id", PriceAlert.id, PriceAlert.id, descending=True)


async def is_history_kept(connection: AsyncConnection, user_id: UUID) -> bool:
    """Say whether a user's history is kept."""
    chosen = (await connection.execute(_IS_KEPT, {"of_user": user_id})).scalar()
    return chosen is None or bool(chosen)


async def page_of_searches(
    connection: AsyncConnection, user_id: UUID, wanted: PageRequest
) -> Page[PastSearchView]:
    """Return a page of what a user looked for, the latest first."""
    mine = PastSearch.user_id == user_id
    total = min(await _count(connection, mine), MOST_SEARCHES)
    rows = await _rows(connection, _SEARCHES.where(mine), wanted, _NEWEST_SEARCH)
    page = page_of(rows, wanted, _NEWEST_SEARCH, total, ("searched_at", "id"))
    shown = [
        PastSearchView(row.id, row.text, _shown(row.filters), row.results, row.searched_at)
        for row in page.rows
    ]
    return Page(shown, page.pagination)


async def viewed_by(connection: AsyncConnection, owner: Owner) -> dict[UUID, datetime]:
    """Return when somebody looked at which public products, the latest first."""
    rows = await connection.execute(_VIEWED, {"of_owner": owner.key})
    return {product_id: viewed_at for product_id, viewed_at in rows}


async def page_of_saved(
    connection: AsyncConnection, user_id: UUID, wanted: PageRequest
) -> Page[SavedSearchView]:
    """Return a page of what a user saved, the newest first."""
    mine = SavedSearch.user_id == user_id
    total = await _count(connection, mine)
    rows = await _rows(connection, _SAVED.where(mine), wanted, _NEWEST_SAVED)
    page = page_of(rows, wanted, _NEWEST_SAVED, total, ("id", "id"))
    return Page([_saved(row) for row in page.rows], page.pagination)


async def read_saved(connection: AsyncConnection, user_id: UUID, saved_id: int) -> SavedSearchView:
    """Return one saved search of a user; raises `SavedSearchNotFound`."""
    one = _SAVED.where(SavedSearch.user_id == user_id, SavedSearch.id == saved_id)
    row = (await connection.execute(one)).one_or_none()
    if row is None:
        raise SavedSearchNotFound
    return _saved(row)


async def page_of_alerts(
    connection: AsyncConnection, user_id: UUID, wanted: PageRequest
) -> Page[PriceAlertView]:
    """Return a page of the prices that a user watches, the newest first."""
    mine = PriceAlert.user_id == user_id
    total = await _count(connection, mine)
    rows = await _rows(connection, _ALERTS.where(mine), wanted, _NEWEST_ALERT)
    page = page_of(rows, wanted, _NEWEST_ALERT, total, ("id", "id"))
    return Page(await _alerts(connection, page.rows), page.pagination)


async def read_alert(connection: AsyncConnection, user_id: UUID, alert_id: int) -> PriceAlertView:
    """Return one price alert of a user; raises `PriceAlertNotFound`."""
    one = _ALERTS.where(PriceAlert.user_id == user_id, PriceAlert.id == alert_id)
    found = await _alerts(connection, (await connection.execute(one)).all())
    if not found:
        raise PriceAlertNotFound
    return found[0]


async def name_of_alerting(connection: AsyncConnection, saved_id: int) -> tuple[UUID, str] | None:
    """Return whose a saved search is and its name, if its alert is on and its user active."""
    row = (await connection.execute(_ALERTING, {"of_saved": saved_id})).one_or_none()
    return None if row is None else (row[0], row[1])


async def alerts_of_active(
    connection: AsyncConnection, alert_ids: Collection[int]
) -> dict[int, tuple[UUID, UUID | None]]:
    """Return the product and variant of those of these alerts whose users are active."""
    rows = await connection.execute(_ACTIVE_ALERTS, {"ids": list(alert_ids)})
    return {alert_id: (product_id, variant_id) for alert_id, product_id, variant_id in rows}


async def _count(connection: AsyncConnection, condition: ColumnElement[bool]) -> int:
    return int((await connection.execute(select(func.count()).where(condition))).scalar_one())


async def _rows(
    connection: AsyncConnection,
    query: Select[*tuple[Any, ...]],
    wanted: PageRequest,
    order: SortKey,
) -> Sequence[Any]:
    return (await connection.execute(apply(query, wanted, order))).all()


async def _alerts(connection: AsyncConnection, rows: Sequence[Any]) -> list[PriceAlertView]:
    sold = await SaleItems(connection).of([(row.product_id, row.variant_id) for row in rows])
    found = []
    for row in rows:
        item = sold.get((row.product_id, row.variant_id))
        shown = item if item is not None and item.is_on_sale else None
        view = PriceAlertView(
            id=row.id,
            product_id=row.product_id,
            variant_id=row.variant_id,
            product_name=shown.product_name if shown else None,
            variant_title=shown.variant_title if shown else None,
            image_url=shown.image_url if shown else None,
            price=to_number(shown.price_minor) if shown else None,
            target_price=None if row.target_minor is None else to_number(row.target_minor),
            currency=CURRENCY,
            last_told_at=row.told_at,
            created_at=row.created_at,
        )
        found.append(view)
    return found


def _saved(row: Any) -> SavedSearchView:  # noqa: ANN401  a row of _SAVED
    filters = _shown(row.filters)
    return SavedSearchView(row.id, row.name, row.text, filters, row.is_alerting, row.created_at)


def _shown(filters: dict[str, Any]) -> dict[str, Any]:
    """Return filters as the search takes them, with amounts as JSON numbers."""
    prices = {
        name: to_number(to_minor(Decimal(filters[name])))
        for name in ("min_price", "max_price")
        if name in filters
    }
    return filters | prices
