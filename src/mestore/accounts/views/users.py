"""What accounts show: read-only SQL that answers in the shape callers see."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import Session, User, UserPermission
from mestore.accounts.types import Caller, UserProfile, effective
from mestore.accounts.views.access import OVERRIDES, live_overrides
from mestore.kernel.db import Database

LONGEST_LIST = 100

_IS_OPEN = (Session.ended_at.is_(None), Session.expires_at > bindparam("moment"))
_CALLER = (
    select(User.id, User.user_type, User.email, Session.id, User.mfa_enabled, *OVERRIDES)
    .join(User, User.id == Session.user_id)
    .outerjoin(UserPermission, UserPermission.user_id == User.id)
    .where(Session.id == bindparam("of_session"), *_IS_OPEN, User.is_active)
)
_OPENED_AT = select(Session.created_at).where(Session.id == bindparam("of_session"))
_PROFILE = select(
    User.id,
    User.number,
    User.email,
    User.username,
    User.first_name,
    User.last_name,
    User.phone,
    User.company,
    User.user_type,
    User.is_active,
    User.email_verified,
    User.phone_verified,
    User.mfa_enabled,
    User.marketing_consent,
    User.created_at,
    User.last_login,
    User.updated_at,
).where(User.id == bindparam("of_user"))
_SESSIONS = (
    select(
        Session.id, Session.ip_address, Session.user_agent, Session.created_at, Session.last_seen
    )
    .where(Session.user_id == bindparam("of_user"), *_IS_OPEN)
    .order_by(Session.id.desc())
    .limit(LONGEST_LIST)
)


class OpenSession(msgspec.Struct, frozen=True):
    """A session as its owner sees it."""

    id: UUID
    ip_address: str
    user_agent: str
    created_at: datetime
    last_seen: datetime
    current: bool


async def find_caller(database: Database, session_id: UUID, moment: datetime) -> Caller | None:
    """Return who a session belongs to, if it goes on and its user is active."""
    asked = {"of_session": session_id, "moment": moment}
    rows = await database.rows(_CALLER, asked, committed=True)
    if not rows:
        return None
    user_id, role, email, session, has_mfa, *_ = rows[0]
    may = effective(role, live_overrides(rows, moment))
    return Caller(user_id, role, email, session, has_mfa, may)


async def signed_in_at(connection: AsyncConnection, session_id: UUID) -> datetime:
    """Return when a session that exists was opened, with the second step where there is one."""
    found: datetime = (
        await connection.execute(_OPENED_AT, {"of_session": session_id})
    ).scalar_one()
    return found


async def get_profile(connection: AsyncConnection, user_id: UUID) -> tuple[UserProfile, datetime]:
    """Return a user who exists, and when they last changed."""
    *profile, updated_at = (await connection.execute(_PROFILE, {"of_user": user_id})).one()
    return UserProfile(*profile), updated_at


async def all_sessions(
    connection: AsyncConnection, user_id: UUID, current: UUID, moment: datetime
) -> list[OpenSession]:
    """Return the newest open sessions of a user; `current` is marked."""
    rows = await connection.execute(_SESSIONS, {"of_user": user_id, "moment": moment})
    return [OpenSession(*row, current=row.id == current) for row in rows]
