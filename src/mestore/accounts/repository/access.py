"""SQL that writes permissions, API keys, personal pages and activities, or that decides on them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import Executable

from mestore.accounts.models import (
    ApiKey,
    BackupCode,
    Consent,
    LinkToken,
    MfaDevice,
    OneTimeCode,
    Passkey,
    PasskeyChallenge,
    PendingSignIn,
    PersonalPage,
    RefreshToken,
    Session,
    User,
    UserActivity,
    UserPermission,
)
from mestore.accounts.types import Permission, UserType
from mestore.kernel.db import affected

_LOCK_COLUMNS = (User.id, User.number, User.user_type, User.is_active, User.erased_at)
_LOCK = (
    select(*_LOCK_COLUMNS)
    .where(User.id.in_(bindparam("of_users", expanding=True)))
    .order_by(User.number)
    .with_for_update()
)
_LOCK_WITH_SUPERUSERS = (
    select(*_LOCK_COLUMNS)
    .where(
        or_(
            User.id.in_(bindparam("of_users", expanding=True)),
            User.user_type == UserType.SUPERUSER,
        )
    )
    .order_by(User.number)
    .with_for_update()
)
_SET_ACTIVE = (
    update(User)
    .where(User.id == bindparam("of_user"), User.is_active != bindparam("to"))
    .values(is_active=bindparam("to"), updated_at=bindparam("moment"))
)
_UNLOCK = (
    update(User)
    .where(User.id == bindparam("of_user"), User.locked_until.is_not(None))
    .values(failed_logins=0, locked_until=None, updated_at=bindparam("moment"))
)
_ERASE = update(User).where(User.id == bindparam("of_user"), User.erased_at.is_(None))

_ADD_ACTIVITY = insert(UserActivity)
_ADD_PERMISSION = insert(UserPermission)
_DELETE_PERMISSIONS = delete(UserPermission).where(
    UserPermission.user_id == bindparam("of_user"),
    UserPermission.permission.in_(bindparam("of_words", expanding=True)),
)

_ADD_KEY = insert(ApiKey)
_COUNT_KEYS = select(func.count()).where(
    ApiKey.user_id == bindparam("of_user"),
    ApiKey.revoked_at.is_(None),
    or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > bindparam("moment")),
)
_REVOKE_KEY = (
    update(ApiKey)
    .where(
        ApiKey.id == bindparam("of_key"),
        ApiKey.user_id == bindparam("of_user"),
        ApiKey.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("moment"))
)
_NOTE_USE = (
    update(ApiKey)
    .where(
        ApiKey.id == bindparam("of_key"),
        or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < bindparam("before")),
    )
    .values(last_used_at=bindparam("moment"))
)

_ADD_PAGE = insert(PersonalPage)
_SESSIONS_OF = select(Session.id).where(Session.user_id == bindparam("of_user"))
_OWNED: tuple[Any, ...] = (
    PendingSignIn,
    BackupCode,
    MfaDevice,
    PasskeyChallenge,
    Passkey,
    OneTimeCode,
    LinkToken,
    PersonalPage,
    UserPermission,
    UserActivity,
    ApiKey,
)
_FORGET: tuple[Executable, ...] = (
    delete(RefreshToken).where(RefreshToken.session_id.in_(_SESSIONS_OF)),
    update(Session)
    .where(Session.user_id == bindparam("of_user"))
    .values(ip_address="", user_agent=""),
    update(Consent).where(Consent.user_id == bindparam("of_user")).values(ip_address=""),
    *(delete(table).where(table.user_id == bindparam("of_user")) for table in _OWNED),
)


@dataclass(frozen=True, slots=True)
class HeldUser:
    """A user as they are now, whom nobody else changes until this transaction ends."""

    id: UUID
    number: int
    user_type: UserType
    is_active: bool
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccessRepository:
    """What users may do beyond their role, and whether they may sign in at all."""

    connection: AsyncConnection

    async def lock_users(
        self, user_ids: Iterable[UUID], *, with_superusers: bool = False
    ) -> dict[UUID, HeldUser]:
        """Hold these users, and with `with_superusers` all of those too, in one order."""
        statement = _LOCK_WITH_SUPERUSERS if with_superusers else _LOCK
        rows = await self.connection.execute(statement, {"of_users": list(user_ids)})
        return {row.id: HeldUser(*row) for row in rows}

    async def set_active(self, user_id: UUID, to: bool, moment: datetime) -> bool:
        """Let a user sign in or not; False where it is so already."""
        values = {"of_user": user_id, "to": to, "moment": moment}
        return await affected(self.connection, _SET_ACTIVE, **values) == 1

    async def unlock(self, user_id: UUID, moment: datetime) -> bool:
        """Forget the failures that locked an account; False where none did."""
        return await affected(self.connection, _UNLOCK, of_user=user_id, moment=moment) == 1

    async def erase(self, user_id: UUID, values: Mapping[str, Any]) -> bool:
        """Overwrite a user who was not erased yet, and forget what belongs to them."""
        if await affected(self.connection, _ERASE.values(**values), of_user=user_id) != 1:
            return False
        for statement in _FORGET:
            await self.connection.execute(statement, {"of_user": user_id})
        return True

    async def add_activity(self, values: Mapping[str, Any]) -> None:
        """Write down what a user did, or what was done to their account."""
        await self.connection.execute(_ADD_ACTIVITY, dict(values))

    async def replace_permissions(
        self, user_id: UUID, words: Iterable[Permission], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Forget what was granted and revoked of `words`, and write `rows` instead."""
        values = {"of_user": user_id, "of_words": list(words)}
        await self.connection.execute(_DELETE_PERMISSIONS, values)
        if rows:
            await self.connection.execute(_ADD_PERMISSION, [dict(row) for row in rows])

    async def save_page(self, user_id: UUID, values: Mapping[str, Any]) -> None:
        """Set fields of a user's personal page; the caller holds the user's row."""
        change = update(PersonalPage).where(PersonalPage.user_id == user_id).values(**values)
        # MariaDB counts a row that stays the same as met too, as the other engines do.
        if await affected(self.connection, change) == 0:
            await self.connection.execute(_ADD_PAGE, {"user_id": user_id, **values})


@dataclass(frozen=True, slots=True)
class ApiKeyRepository:
    """API keys."""

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write a key."""
        await self.connection.execute(_ADD_KEY, dict(values))

    async def count(self, user_id: UUID, moment: datetime) -> int:
        """Return how many keys of a user work."""
        values = {"of_user": user_id, "moment": moment}
        return int((await self.connection.execute(_COUNT_KEYS, values)).scalar_one())

    async def revoke(self, key_id: UUID, user_id: UUID, moment: datetime) -> bool:
        """Revoke a key of a user, if it is theirs and was not revoked."""
        values = {"of_key": key_id, "of_user": user_id, "moment": moment}
        return await affected(self.connection, _REVOKE_KEY, **values) == 1

    async def note_use(self, key_id: UUID, before: datetime, moment: datetime) -> None:
        """Write down that a key was used, unless that was done after `before`."""
        values = {"of_key": key_id, "before": before, "moment": moment}
        await affected(self.connection, _NOTE_USE, **values)
