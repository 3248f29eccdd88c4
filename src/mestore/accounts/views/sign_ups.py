"""How many people signed up and came back: counted by the database, in Bogotá's days."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Date, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from mestore.accounts.models import User
from mestore.accounts.types import Period, UserType


class _BogotaDay(FunctionElement[date]):
    """The calendar day in Bogotá of an instant; without summer time it is five hours behind UTC."""

    name = "bogota_day"
    inherit_cache = True
    type = Date()


@compiles(_BogotaDay, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **words: Any) -> str:  # noqa: ANN401  untyped hook
    return f"date({compiler.process(element.clauses, **words)}, '-5 hours')"


@compiles(_BogotaDay, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **words: Any) -> str:  # noqa: ANN401  untyped hook
    shown = compiler.process(element.clauses, **words)
    return f"CAST({shown} AT TIME ZONE 'UTC' - INTERVAL '5 hours' AS DATE)"


@compiles(_BogotaDay, "mysql")
@compiles(_BogotaDay, "mariadb")
def _on_mariadb(element: Any, compiler: Any, **words: Any) -> str:  # noqa: ANN401  untyped hook
    return f"DATE({compiler.process(element.clauses, **words)} - INTERVAL 5 HOUR)"


def _count_if(*conditions: Any) -> Any:  # noqa: ANN401  column expressions
    met = conditions[0]
    for condition in conditions[1:]:
        met &= condition
    return func.coalesce(func.sum(case((met, 1), else_=0)), 0)


_LIVES = User.erased_at.is_(None)
_SIGNED_IN = (User.last_login >= bindparam("start")) & (User.last_login < bindparam("end"))
_BEFORE = (User.created_at >= bindparam("before")) & (User.created_at < bindparam("start"))
_NEW = (User.created_at >= bindparam("start")) & (User.created_at < bindparam("end"))
_BY_TYPE = (
    select(
        User.user_type,
        func.count(User.number),
        _count_if(User.is_active),
        _count_if(_NEW),
        _count_if(_SIGNED_IN),
        _count_if(_BEFORE),
        _count_if(_BEFORE, User.last_login >= bindparam("start")),
    )
    .where(_LIVES)
    .group_by(User.user_type)
)
_DAY = _BogotaDay(User.created_at)
_BY_DAY = (
    select(_DAY.label("day"), func.count(User.number)).where(_NEW).group_by(_DAY).order_by(_DAY)
)


class TypeCount(msgspec.Struct, frozen=True):
    """How many users of one role there are."""

    user_type: UserType
    total: int
    active: int
    new: int


class DayCount(msgspec.Struct, frozen=True):
    """How many people signed up on one day in Bogotá."""

    date: date
    count: int


class Retention(msgspec.Struct, frozen=True):
    """Of those who signed up in the period before, how many came back in this one, in percent."""

    signed_up_before: int
    came_back: int
    percent: float


class UserAnalytics(msgspec.Struct, frozen=True):
    """Users in a period. `active` may sign in, `signed_in` did so in the period."""

    total: int
    active: int
    signed_in: int
    new: int
    by_type: list[TypeCount]
    sign_ups: list[DayCount]
    retention: Retention


async def count_users(connection: AsyncConnection, period: Period) -> UserAnalytics:
    """Count users in two statements; erased accounts count only on the day they signed up."""
    before: datetime = period.start - (period.end - period.start)
    values = {"start": period.start, "end": period.end, "before": before}
    rows = [
        (role, *map(int, counts)) for role, *counts in await connection.execute(_BY_TYPE, values)
    ]
    days = await connection.execute(_BY_DAY, {"start": period.start, "end": period.end})
    by_role = {row[0]: row for row in rows}
    known = [by_role.get(role, (role, 0, 0, 0, 0, 0, 0)) for role in UserType]
    sums = [sum(counts) for counts in zip(*(row[1:] for row in known), strict=True)]
    total, active, new, signed_in, earlier, back = sums
    percent = round(100 * back / earlier, 1) if earlier else 0.0
    return UserAnalytics(
        total=total,
        active=active,
        signed_in=signed_in,
        new=new,
        by_type=[TypeCount(*row[:4]) for row in known],
        sign_ups=[DayCount(day, int(count)) for day, count in days],
        retention=Retention(earlier, back, percent),
    )
