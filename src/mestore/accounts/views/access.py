"""What users may do: the overrides of their role, their permission matrix, and their API keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import ApiKey, User, UserPermission
from mestore.accounts.types import (
    ROLE_PERMISSIONS,
    Caller,
    Override,
    Permission,
    Source,
    UserType,
    effective,
)

LONGEST_LIST = 100

OVERRIDES = (UserPermission.permission, UserPermission.is_granted, UserPermission.expires_at)
"""The last columns of a statement that joins the overrides of a user to the user's row."""

_KEY_WORKS = (
    ApiKey.revoked_at.is_(None),
    or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > bindparam("moment")),
)
_KEY = (
    select(
        User.id,
        User.user_type,
        User.email,
        User.mfa_enabled,
        ApiKey.digest,
        ApiKey.permissions,
        ApiKey.last_used_at,
        *OVERRIDES,
    )
    .join(User, User.id == ApiKey.user_id)
    .outerjoin(UserPermission, UserPermission.user_id == User.id)
    .where(ApiKey.id == bindparam("of_key"), *_KEY_WORKS, User.is_active)
)
_KEYS = (
    select(
        ApiKey.id,
        ApiKey.name,
        ApiKey.permissions,
        ApiKey.created_at,
        ApiKey.expires_at,
        ApiKey.last_used_at,
    )
    .where(ApiKey.user_id == bindparam("of_user"), *_KEY_WORKS)
    .order_by(ApiKey.id.desc())
    .limit(LONGEST_LIST)
)
_OVERRIDES_OF = (
    select(User.user_type, *OVERRIDES)
    .outerjoin(UserPermission, UserPermission.user_id == User.id)
    .where(User.id == bindparam("of_user"))
)


class PermissionLine(msgspec.Struct, frozen=True):
    """One line of the matrix: whether a user has a permission now, why, and until when."""

    permission: Permission
    allowed: bool
    source: Source
    by_role: bool
    expires_at: datetime | None


class ApiKeyView(msgspec.Struct, frozen=True):
    """An API key as its owner sees it; the secret is not kept."""

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyCaller:
    """Who an API key speaks for, and when it was last noted as used."""

    caller: Caller
    last_used_at: datetime | None


def live_overrides(rows: Iterable[Sequence[Any]], moment: datetime) -> list[Override]:
    """Return the overrides that count at `moment`, from rows that end in `OVERRIDES`."""
    found = [Override(*row[-3:]) for row in rows if row[-3] is not None]
    return [override for override in found if override.is_live(moment)]


async def find_key_caller(
    connection: AsyncConnection, key_id: UUID, digest: str, moment: datetime
) -> KeyCaller | None:
    """Return who a key speaks for, if it works, its secret is right and its user is active."""
    values = {"of_key": key_id, "moment": moment}
    rows = (await connection.execute(_KEY, values)).all()
    if not rows or not compare_digest(rows[0].digest, digest):
        return None
    user_id, role, email, has_mfa, _, words, last_used_at, *_ = rows[0]
    may = effective(role, live_overrides(rows, moment)) & frozenset(words)
    return KeyCaller(Caller(user_id, role, email, key_id, has_mfa, may, key_id), last_used_at)


async def all_keys(
    connection: AsyncConnection, user_id: UUID, moment: datetime
) -> list[ApiKeyView]:
    """Return the keys of a user that work, the newest first."""
    rows = await connection.execute(_KEYS, {"of_user": user_id, "moment": moment})
    return [ApiKeyView(row.id, row.name, key_prefix(row.id), *row[2:]) for row in rows]


def key_prefix(key_id: UUID) -> str:
    """Return how a key begins: enough to recognise it, nothing of its secret."""
    return f"msk_{key_id.hex}"


async def find_matrix(
    connection: AsyncConnection, user_id: UUID, moment: datetime
) -> tuple[UserType, list[PermissionLine]] | None:
    """Return every permission with what a user has of it at `moment`."""
    rows = (await connection.execute(_OVERRIDES_OF, {"of_user": user_id})).all()
    if not rows:
        return None
    role: UserType = rows[0][0]
    overrides = live_overrides(rows, moment)
    may = effective(role, overrides)
    by_word = {override.permission: override for override in overrides}
    return role, [_line(word, role, may, by_word.get(word)) for word in Permission]


def _line(
    word: Permission, role: UserType, may: frozenset[Permission], override: Override | None
) -> PermissionLine:
    by_role = word in ROLE_PERMISSIONS[role]
    if override is not None and override.is_granted is not by_role:
        source = Source.GRANTED if override.is_granted else Source.REVOKED
        # A SUPERUSER keeps what was once revoked.
        if (word in may) is override.is_granted:
            return PermissionLine(word, word in may, source, by_role, override.expires_at)
    source = Source.ROLE if by_role else Source.NONE
    return PermissionLine(word, word in may, source, by_role, None)
