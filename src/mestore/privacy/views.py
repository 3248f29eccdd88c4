"""What the tables of all rooms hold of one person: read-only, and never a secret."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    Boolean,
    FromClause,
    Select,
    TableClause,
    Uuid,
    bindparam,
    column,
    literal_column,
    select,
    table,
)

from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import Database
from mestore.kernel.money import to_number

BATCH = 200

_TIMES = {"created_at", "updated_at", "expires_at", "ended_at", "last_seen", "last_login"}
_TIMES |= {"searched_at", "viewed_at", "told_at"}
_TIMES |= {"set_at", "last_used_at", "revoked_at", "shipped_at", "delivered_at", "cancelled_at"}
_FLAGS = {"is_active", "email_verified", "phone_verified", "mfa_enabled", "marketing_consent"}
_FLAGS |= {"is_given", "is_granted", "is_kept", "is_alerting"}
_DOCUMENTS = {"bank_account", "details", "preferences", "permissions", "billing_address", "tags"}
_DOCUMENTS |= {"filters"}
_IDS = {"vendor_id", "user_id", "product_id", "variant_id", "buyer_id", "actor_id", "set_by"}
_IDS |= {"author_id"}

_ACCOUNT_FIELDS = (
    *("vendor_id", "bank_code", "account_type", "account_number", "holder_name"),
    *("document_type", "document_number", "state", "created_at", "updated_at"),
)

_USER = bindparam("of_user", type_=Uuid)
_AFTER: BindParameter[int] = bindparam("after", type_=BigInteger)


def _table(name: str, *columns: str, key: Any = None) -> TableClause:  # noqa: ANN401  a type
    return table(name, column("id", key), *(column(name, _type_of(name)) for name in columns))


def _type_of(name: str) -> Any:  # noqa: ANN401  a type of SQLAlchemy
    kinds = ((_TIMES, UtcDateTime), (_FLAGS, Boolean), (_DOCUMENTS, JSON), (_IDS, Uuid))
    return next((kind for names, kind in kinds if name in names), None)


_USERS = _table(
    "users",
    "number",
    "email",
    "username",
    "first_name",
    "last_name",
    "phone",
    "company",
    "user_type",
    "is_active",
    "email_verified",
    "phone_verified",
    "mfa_enabled",
    "marketing_consent",
    "created_at",
    "last_login",
    key=Uuid,
)
_PAGES = table(
    "user_profiles",
    *(
        column(name, _type_of(name))
        for name in (
            "user_id",
            "avatar_url",
            "bio",
            "website",
            "location",
            "timezone",
            "language",
            "preferences",
        )
    ),
)
_VENDORS = table(
    "vendors",
    *(
        column(name, _type_of(name))
        for name in (
            "user_id",
            "business_name",
            "nit",
            "phone",
            "city",
            "department",
            "description",
            "status",
            "created_at",
        )
    ),
)
_CONSENTS = _table(
    "consents", "user_id", "document", "version", "is_given", "ip_address", "created_at"
)
_SESSIONS = _table(
    "sessions",
    "user_id",
    "ip_address",
    "user_agent",
    "created_at",
    "last_seen",
    "expires_at",
    "ended_at",
    key=Uuid,
)
_ACTIVITIES = _table(
    "user_activities", "user_id", "action", "ip_address", "user_agent", "details", "created_at"
)
_KEYS = _table(
    "api_keys",
    "user_id",
    "name",
    "permissions",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
    key=Uuid,
)
_REVIEWS = _table(
    "reviews",
    "user_id",
    "product_id",
    "order_id",
    "rating",
    "title",
    "comment",
    "status",
    "created_at",
    "updated_at",
)
_IMPORTS = _table(
    "bulk_jobs",
    "user_id",
    "vendor_id",
    "kind",
    "state",
    "mode",
    "rows_total",
    "rows_done",
    "created_at",
    "ended_at",
    key=Uuid,
)
_REVIEW_MARKS = _table("review_marks", "user_id", "review_id", "kind", "reason", "created_at")
_SEARCHES = _table("past_searches", "user_id", "text", "filters", "results", "searched_at")
_VIEWED = _table("viewed_products", "user_id", "product_id", "viewed_at")
_SAVED = _table("saved_searches", "user_id", "name", "text", "filters", "is_alerting", "created_at")
_FOUND = _table("saved_search_matches", "saved_id", "product_id", "told_at")
_OWN_FOUND = (
    select(_SAVED.c.user_id, *_FOUND.c).join(_SAVED, _SAVED.c.id == _FOUND.c.saved_id).subquery()
)
_CHOICES = table(
    "history_choices",
    column("user_id", Uuid),
    column("is_kept", Boolean),
    column("searches_since", UtcDateTime),
    column("views_since", UtcDateTime),
)
# A user has at most one.
_OWN_CHOICE = select(literal_column("1").label("id"), *_CHOICES.c).subquery()
_WATCHED = _table(
    "price_alerts",
    "user_id",
    "product_id",
    "variant_id",
    "target_minor",
    "seen_minor",
    "told_at",
    "created_at",
)
_ORDERS = _table(
    "orders",
    "order_number",
    "buyer_id",
    "status",
    "financial_status",
    "fulfillment_status",
    "customer_email",
    "currency",
    "total_minor",
    "shipping_name",
    "shipping_phone",
    "shipping_address",
    "shipping_city",
    "shipping_state",
    "billing_address",
    "notes",
    "created_at",
)
_ITEMS = _table(
    "order_items", "order_id", "product_name", "sku", "quantity", "unit_price_minor", "total_minor"
)

_REFUNDS = _table(
    "refunds", "order_id", "state", "amount_minor", "reason", "bank_account", "created_at"
)
_OWN_REFUNDS = (
    select(_ORDERS.c.buyer_id.label("user_id"), *_REFUNDS.c)
    .join(_ORDERS, _ORDERS.c.id == _REFUNDS.c.order_id)
    .subquery()
)

_SHOPS = _table("vendors", "user_id", key=Uuid)
_BANK_ACCOUNTS = table(
    "payout_accounts",
    *(column(name, Uuid if name == "vendor_id" else _type_of(name)) for name in _ACCOUNT_FIELDS),
)
_OWN_BANK_ACCOUNTS = (
    select(_SHOPS.c.user_id, _SHOPS.c.id, *_BANK_ACCOUNTS.c)
    .join(_SHOPS, _SHOPS.c.id == _BANK_ACCOUNTS.c.vendor_id)
    .subquery()
)
_PAYOUTS = table(
    "payouts",
    column("vendor_id", Uuid),
    column("number", BigInteger),
    column("reference"),
    column("state"),
    column("amount_minor"),
    column("account", JSON),
    column("created_at", UtcDateTime),
)
_OWN_PAYOUTS = (
    select(
        _SHOPS.c.user_id,
        _PAYOUTS.c.number.label("id"),
        *(c for c in _PAYOUTS.c if c.name not in {"vendor_id", "number"}),
    )
    .join(_SHOPS, _SHOPS.c.id == _PAYOUTS.c.vendor_id)
    .subquery()
)

_TRACES = _table("payment_traces", "user_id", "attempt_id", "kind", "created_at")
_EVIDENCE = _table("dispute_evidence", "author_id", "dispute_id", "text", "created_at")
_OWN_EVIDENCE = select(
    _EVIDENCE.c.author_id.label("user_id"), *(c for c in _EVIDENCE.c if c.name != "author_id")
).subquery()

_LISTS: Mapping[str, FromClause] = {
    "consents": _CONSENTS,
    "sessions": _SESSIONS,
    "activity": _ACTIVITIES,
    "api_keys": _KEYS,
    "reviews": _REVIEWS,
    "review_marks": _REVIEW_MARKS,
    "imports": _IMPORTS,
    "history_choice": _OWN_CHOICE,
    "searches": _SEARCHES,
    "viewed_products": _VIEWED,
    "saved_searches": _SAVED,
    "saved_search_matches": _OWN_FOUND,
    "price_alerts": _WATCHED,
    "refunds": _OWN_REFUNDS,
    "bank_accounts": _OWN_BANK_ACCOUNTS,
    "payouts": _OWN_PAYOUTS,
    "payment_traces": _TRACES,
    "dispute_evidence": _OWN_EVIDENCE,
}
_PROFILE = select(*_USERS.c).where(_USERS.c.id == _USER)
_PAGE = select(*(c for c in _PAGES.c if c.name != "user_id")).where(_PAGES.c.user_id == _USER)
_SHOP = select(*(c for c in _VENDORS.c if c.name != "user_id")).where(_VENDORS.c.user_id == _USER)
_ORDERS_AFTER = (
    select(*(c for c in _ORDERS.c if c.name != "buyer_id"))
    .where(_ORDERS.c.buyer_id == _USER, _ORDERS.c.id > _AFTER)
    .order_by(_ORDERS.c.id)
    .limit(BATCH)
)
_ITEMS_OF = (
    select(*_ITEMS.c)
    .where(_ITEMS.c.order_id.in_(bindparam("of_orders", expanding=True)))
    .order_by(_ITEMS.c.id)
)

Record = dict[str, Any]


async def find_person(database: Database, user_id: UUID) -> Record | None:
    """Return what a user said of themselves and of their shop; None for an unknown one."""
    async with database.read() as connection:
        values = {"of_user": user_id}
        user = (await connection.execute(_PROFILE, values)).mappings().first()
        if user is None:
            return None
        page = (await connection.execute(_PAGE, values)).mappings().first()
        shop = (await connection.execute(_SHOP, values)).mappings().first()
    return {"profile": {**user, **(page or {})}, "vendor": dict(shop) if shop else None}


async def lists_of(
    database: Database, user_id: UUID
) -> AsyncIterator[tuple[str, AsyncIterator[list[Record]]]]:
    """Yield the name and the batches of every list that is kept of a user; orders come last."""
    for name, source in _LISTS.items():
        yield name, _batches(database, user_id, source)
    yield "orders", _order_batches(database, user_id)


async def _batches(
    database: Database, user_id: UUID, source: FromClause
) -> AsyncIterator[list[Record]]:
    query: Select[Any] = select(*(c for c in source.c if c.name != "user_id"))
    query = query.where(source.c.user_id == user_id).order_by(source.c.id).limit(BATCH)
    last: Any = None
    while True:
        following = query if last is None else query.where(source.c.id > last)
        async with database.read() as connection:
            rows = (await connection.execute(following)).mappings().all()
        yield [_plain(dict(row)) for row in rows]
        if len(rows) < BATCH:
            return
        last = rows[-1]["id"]


async def _order_batches(database: Database, user_id: UUID) -> AsyncIterator[list[Record]]:
    last = 0
    while True:
        async with database.read() as connection:
            values = {"of_user": user_id, "after": last}
            orders = (await connection.execute(_ORDERS_AFTER, values)).mappings().all()
            ids = [order["id"] for order in orders]
            found = await connection.execute(_ITEMS_OF, {"of_orders": ids}) if ids else None
            items = found.mappings().all() if found else []
        yield [
            _order(dict(order), [dict(item) for item in items if item["order_id"] == order["id"]])
            for order in orders
        ]
        if len(orders) < BATCH:
            return
        last = ids[-1]


def _plain(row: Record) -> Record:
    """Return a row with its amounts in pesos, as people read them."""
    for name in [name for name in row if name.endswith("_minor")]:
        minor = row.pop(name)
        row[name.removesuffix("_minor")] = None if minor is None else to_number(minor)
    return row


def _order(order: Record, items: list[Record]) -> Record:
    shown = [
        {
            "product_name": item["product_name"],
            "sku": item["sku"],
            "quantity": item["quantity"],
            "unit_price": to_number(item["unit_price_minor"]),
            "total": to_number(item["total_minor"]),
        }
        for item in items
    ]
    return {**order, "total": to_number(order.pop("total_minor")), "items": shown}
