"""Users as operators see them: lists, details, activities, and exports in batches."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import PersonalPage, User, UserActivity
from mestore.accounts.types import (
    PAGE_FIELDS,
    Activity,
    UserDetails,
    UserFilter,
    UserProfile,
)
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.paging import Page, PageRequest, apply, page_of, parse_sort

MOST_WORDS = 5

_PROFILE = tuple(getattr(User, field.name) for field in fields(UserProfile))
_PAGE = tuple(getattr(PersonalPage, name) for name in PAGE_FIELDS)
_SHOWN = tuple(field.name for field in fields(UserDetails))
_DETAILS = (
    select(*_PROFILE, *_PAGE, User.updated_at)
    .outerjoin(PersonalPage, PersonalPage.user_id == User.id)
    .where(User.id == bindparam("of_user"))
)
# A cursor cannot point at NULL, so who never signed in counts from when they signed up.
_LAST_LOGIN = func.coalesce(User.last_login, User.created_at, type_=UtcDateTime)
_SORTS = {"created_at": User.created_at, "email": User.email, "last_login": _LAST_LOGIN}
_SEARCHED = (User.email, User.username, User.first_name, User.last_name, User.phone, User.company)

_ACTIVITIES = select(
    UserActivity.id,
    UserActivity.action,
    UserActivity.actor_id,
    UserActivity.ip_address,
    UserActivity.user_agent,
    UserActivity.details,
    UserActivity.created_at,
)


class ActivityView(msgspec.Struct, frozen=True):
    """One thing that a user did, or that an operator (`actor_id`) did to their account."""

    id: int
    action: Activity
    actor_id: UUID | None
    ip_address: str | None
    user_agent: str | None
    details: dict[str, Any]
    created_at: datetime


async def find_details(
    connection: AsyncConnection, user_id: UUID
) -> tuple[UserDetails, datetime] | None:
    """Return a user with their personal page, and when either last changed."""
    row = (await connection.execute(_DETAILS, {"of_user": user_id})).first()
    if row is None:
        return None
    shown = dict(zip(_SHOWN, row, strict=False))
    return UserDetails(**{**shown, "preferences": shown["preferences"] or {}}), row.updated_at


async def page_users(
    connection: AsyncConnection, wanted: PageRequest, which: UserFilter, sort: str | None
) -> Page[UserProfile]:
    """Return a page of users, the newest first; sort by created_at, email or last_login."""
    order = parse_sort(sort, "-created_at", _SORTS, User.number)
    condition = _condition(which)
    total = (
        await connection.execute(select(func.count(User.number)).where(condition))
    ).scalar_one()
    query: Select[Any] = select(*_PROFILE, order.column, User.number).where(condition)
    rows = (await connection.execute(apply(query, wanted, order))).all()
    last = len(_PROFILE)
    page: Page[Any] = page_of(rows, wanted, order, total, (last, last + 1))
    return Page([UserProfile(*row[:last]) for row in page.rows], page.pagination)


async def users_after(
    connection: AsyncConnection, number: int, which: UserFilter, most: int
) -> list[UserProfile]:
    """Return the next `most` users after a number, in the order of their numbers."""
    query = (
        select(*_PROFILE)
        .where(_condition(which), User.number > number)
        .order_by(User.number)
        .limit(most)
    )
    return [UserProfile(*row) for row in await connection.execute(query)]


async def page_activities(
    connection: AsyncConnection, user_id: UUID, wanted: PageRequest
) -> Page[ActivityView]:
    """Return a page of what a user did, the newest first."""
    order = parse_sort(None, "-id", {"id": UserActivity.id}, UserActivity.id)
    mine = UserActivity.user_id == user_id
    total = (await connection.execute(select(func.count(UserActivity.id)).where(mine))).scalar_one()
    rows: Sequence[Any] = (
        await connection.execute(apply(_ACTIVITIES.where(mine), wanted, order))
    ).all()
    views = [ActivityView(*row) for row in rows]
    return page_of(views, wanted, order, total, ("id", "id"))


def _condition(which: UserFilter) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [User.number > 0]
    if which.role is not None:
        found.append(User.user_type == which.role)
    if which.is_active is not None:
        found.append(User.is_active == which.is_active)
    words = (which.search or "").lower().split()[:MOST_WORDS]
    found += [
        or_(*(func.lower(column).contains(word, autoescape=True) for column in _SEARCHED))
        for word in words
    ]
    return and_(*found)
