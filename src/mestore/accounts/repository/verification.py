"""Every SQL statement of verification and recovery."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models.users import User
from mestore.accounts.models.verification import LinkToken, OneTimeCode, SendAllowance
from mestore.accounts.types.verification import CodePurpose, LinkPurpose
from mestore.kernel.db import affected, unless_taken

_OF_USER = (
    OneTimeCode.user_id == bindparam("of_user"),
    OneTimeCode.purpose == bindparam("of_purpose"),
)
_ADD_CODE = insert(OneTimeCode)
_REPLACE_CODE = (
    update(OneTimeCode)
    .where(*_OF_USER, OneTimeCode.requested_at <= bindparam("since"))
    .values(
        id=bindparam("new_id"),
        address=bindparam("new_address"),
        digest=None,
        attempts=0,
        requested_at=bindparam("moment"),
        expires_at=bindparam("until"),
    )
)
_REQUESTED_AT = select(OneTimeCode.requested_at).where(*_OF_USER)
_ASKED = (
    select(
        OneTimeCode.user_id,
        OneTimeCode.purpose,
        OneTimeCode.address,
        OneTimeCode.requested_at,
        User.first_name,
        User.email,
        User.phone,
    )
    .join(User, User.id == OneTimeCode.user_id)
    .where(OneTimeCode.id == bindparam("of_code"), User.is_active)
)
_SET_DIGEST = (
    update(OneTimeCode)
    .where(OneTimeCode.id == bindparam("of_code"))
    .values(digest=bindparam("new_digest"), attempts=0, expires_at=bindparam("until"))
)
_COUNT_ATTEMPT = (
    update(OneTimeCode)
    .where(
        *_OF_USER,
        OneTimeCode.attempts < bindparam("most"),
        OneTimeCode.expires_at > bindparam("moment"),
    )
    .values(attempts=OneTimeCode.attempts + 1)
)
_TRIED = select(
    OneTimeCode.id, OneTimeCode.address, OneTimeCode.digest, OneTimeCode.attempts
).where(*_OF_USER)
_DROP_CODE = delete(OneTimeCode).where(OneTimeCode.id == bindparam("of_code"))

_ADD_LINK = insert(LinkToken)
_IS_LIVE = (
    LinkToken.purpose == bindparam("of_purpose"),
    LinkToken.spent_at.is_(None),
    LinkToken.expires_at > bindparam("moment"),
)
_LIVE_LINK = select(LinkToken.user_id, LinkToken.address).where(
    LinkToken.digest == bindparam("of_digest"), *_IS_LIVE
)
_SPEND_LINK = (
    update(LinkToken)
    .where(LinkToken.digest == bindparam("of_digest"), *_IS_LIVE)
    .values(spent_at=bindparam("moment"))
)
_SPEND_LINKS = (
    update(LinkToken)
    .where(
        LinkToken.user_id == bindparam("of_user"),
        LinkToken.purpose == bindparam("of_purpose"),
        LinkToken.spent_at.is_(None),
    )
    .values(spent_at=bindparam("moment"))
)

_SLOTS = select(SendAllowance.slot, SendAllowance.used_at).where(
    SendAllowance.subject == bindparam("of_subject")
)
_ADD_SLOT = insert(SendAllowance)
_USE_SLOT = (
    update(SendAllowance)
    .where(
        SendAllowance.subject == bindparam("of_subject"),
        SendAllowance.slot == bindparam("of_slot"),
        SendAllowance.used_at <= bindparam("since"),
    )
    .values(used_at=bindparam("moment"))
)

_VERIFY_EMAIL = (
    update(User)
    .where(User.id == bindparam("of_user"), User.email == bindparam("address"), User.is_active)
    .values(email_verified=True, updated_at=bindparam("moment"))
)
_VERIFY_PHONE = (
    update(User)
    .where(User.id == bindparam("of_user"), User.phone == bindparam("address"), User.is_active)
    .values(phone_verified=True, updated_at=bindparam("moment"))
)
_RESET = (
    update(User)
    .where(User.id == bindparam("of_user"), User.email == bindparam("address"), User.is_active)
    .values(
        password_hash=bindparam("new"),
        failed_logins=0,
        locked_until=None,
        email_verified=True,
        updated_at=bindparam("moment"),
    )
)
_CHANGE = (
    update(User)
    .where(User.id == bindparam("of_user"), User.password_hash == bindparam("old"))
    .values(password_hash=bindparam("new"), updated_at=bindparam("moment"))
)
_PURGES = (
    delete(OneTimeCode).where(OneTimeCode.expires_at <= bindparam("moment")),
    delete(LinkToken).where(LinkToken.expires_at <= bindparam("moment")),
)
_FORGETS = (
    delete(OneTimeCode).where(OneTimeCode.user_id == bindparam("of_user")),
    delete(LinkToken).where(LinkToken.user_id == bindparam("of_user")),
)
_PURGE_SLOTS = delete(SendAllowance).where(SendAllowance.used_at <= bindparam("since"))


@dataclass(frozen=True, slots=True)
class AskedCode:
    """A code that somebody asked for, with what their account says now."""

    user_id: UUID
    purpose: CodePurpose
    address: str
    requested_at: datetime
    first_name: str
    email: str
    phone: str | None

    @property
    def is_current(self) -> bool:
        """Say whether the address is still the account's."""
        return self.address == (self.email if self.purpose is CodePurpose.EMAIL else self.phone)


@dataclass(frozen=True, slots=True)
class TriedCode:
    """A code that an attempt has just been counted against."""

    id: UUID
    address: str
    digest: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class LiveLink:
    """Whose link a token is, and the address that it was mailed to."""

    user_id: UUID
    address: str


@dataclass(frozen=True, slots=True)
class CodeRepository:
    """One-time codes, one a user and purpose."""

    connection: AsyncConnection

    async def put(
        self,
        code_id: UUID,
        user_id: UUID,
        purpose: CodePurpose,
        *,
        address: str,
        moment: datetime,
        until: datetime,
        since: datetime,
    ) -> bool:
        """Replace a code that was asked for by `since`, or write the first; False where neither."""
        key = {"of_user": user_id, "of_purpose": purpose, "since": since}
        news = {"new_id": code_id, "new_address": address, "moment": moment, "until": until}
        if await affected(self.connection, _REPLACE_CODE, **key, **news):
            return True
        values = {
            "user_id": user_id,
            "purpose": purpose,
            "id": code_id,
            "address": address,
            "digest": None,
            "attempts": 0,
            "requested_at": moment,
            "expires_at": until,
        }
        return await _added(self.connection, _ADD_CODE, values)

    async def requested_at(self, user_id: UUID, purpose: CodePurpose) -> datetime:
        """Return when the code was asked for that keeps a new one away."""
        key = {"of_user": user_id, "of_purpose": purpose}
        found: datetime = (await self.connection.execute(_REQUESTED_AT, key)).scalar_one()
        return found

    async def find_asked(self, code_id: UUID) -> AskedCode | None:
        """Return a code of an active user; None also where another one replaced it."""
        row = (await self.connection.execute(_ASKED, {"of_code": code_id})).first()
        return AskedCode(*row) if row else None

    async def set_digest(self, code_id: UUID, digest: str, until: datetime) -> bool:
        """Store what a freshly made code is checked by, with all its attempts."""
        values = {"of_code": code_id, "new_digest": digest, "until": until}
        return await affected(self.connection, _SET_DIGEST, **values) == 1

    async def count_attempt(
        self, user_id: UUID, purpose: CodePurpose, most: int, moment: datetime
    ) -> TriedCode | None:
        """Count one attempt and return its code; None where no code has an attempt left."""
        key = {"of_user": user_id, "of_purpose": purpose}
        if not await affected(self.connection, _COUNT_ATTEMPT, **key, most=most, moment=moment):
            return None
        return TriedCode(*(await self.connection.execute(_TRIED, key)).one())

    async def drop(self, code_id: UUID) -> None:
        """Delete a code."""
        await affected(self.connection, _DROP_CODE, of_code=code_id)


@dataclass(frozen=True, slots=True)
class LinkRepository:
    """Tokens of mailed links."""

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write a token down by its digest."""
        await self.connection.execute(_ADD_LINK, dict(values))

    async def find_live(
        self, digest: str, purpose: LinkPurpose, moment: datetime
    ) -> LiveLink | None:
        """Return a link that still works."""
        values = {"of_digest": digest, "of_purpose": purpose, "moment": moment}
        row = (await self.connection.execute(_LIVE_LINK, values)).first()
        return LiveLink(*row) if row else None

    async def spend(self, digest: str, purpose: LinkPurpose, moment: datetime) -> bool:
        """Use a token up; of several who try, one succeeds."""
        values = {"of_digest": digest, "of_purpose": purpose, "moment": moment}
        return await affected(self.connection, _SPEND_LINK, **values) == 1

    async def spend_all(self, user_id: UUID, purpose: LinkPurpose, moment: datetime) -> None:
        """Use up all tokens of a user for a purpose."""
        values = {"of_user": user_id, "of_purpose": purpose, "moment": moment}
        await affected(self.connection, _SPEND_LINKS, **values)


@dataclass(frozen=True, slots=True)
class AllowanceRepository:
    """How many messages a subject may still get."""

    connection: AsyncConnection

    async def take(self, subject: str, most: int, moment: datetime, since: datetime) -> bool:
        """Use one of `most` slots that was not used after `since`; False where none is free."""
        rows = await self.connection.execute(_SLOTS, {"of_subject": subject})
        used = {slot: used_at for slot, used_at in rows}
        for slot in range(most):
            if slot not in used:
                values = {"subject": subject, "slot": slot, "used_at": moment}
                taken = await _added(self.connection, _ADD_SLOT, values)
            else:
                key = {"of_subject": subject, "of_slot": slot}
                taken = bool(
                    await affected(self.connection, _USE_SLOT, **key, since=since, moment=moment)
                )
            if taken:
                return True
        return False

    async def oldest(self, subject: str) -> datetime:
        """Return when the slot was used that is free again first."""
        rows = await self.connection.execute(_SLOTS, {"of_subject": subject})
        return min(used_at for _, used_at in rows)


@dataclass(frozen=True, slots=True)
class CredentialRepository:
    """What verification and recovery write into a user's row."""

    connection: AsyncConnection

    async def verify(
        self, user_id: UUID, purpose: CodePurpose, address: str, moment: datetime
    ) -> bool:
        """Mark an address of an active user as verified, if it still is theirs."""
        statement = _VERIFY_EMAIL if purpose is CodePurpose.EMAIL else _VERIFY_PHONE
        values = {"of_user": user_id, "address": address, "moment": moment}
        return await affected(self.connection, statement, **values) == 1

    async def reset_password(
        self, user_id: UUID, address: str, password_hash: str, moment: datetime
    ) -> bool:
        """Set the password of an active user who reads mail at `address`; unlocks the account."""
        values = {"of_user": user_id, "address": address, "new": password_hash, "moment": moment}
        return await affected(self.connection, _RESET, **values) == 1

    async def change_password(self, user_id: UUID, old: str, new: str, moment: datetime) -> bool:
        """Replace a password hash, unless it changed meanwhile."""
        values = {"of_user": user_id, "old": old, "new": new, "moment": moment}
        return await affected(self.connection, _CHANGE, **values) == 1


async def forget(connection: AsyncConnection, user_id: UUID) -> None:
    """Delete the codes and links of a user, and with them the addresses that they went to."""
    for statement in _FORGETS:
        await affected(connection, statement, of_user=user_id)


async def purge(connection: AsyncConnection, moment: datetime, since: datetime) -> None:
    """Delete codes and links that have expired, and allowances last used by `since`."""
    for statement in _PURGES:
        await affected(connection, statement, moment=moment)
    await affected(connection, _PURGE_SLOTS, since=since)


async def _added(connection: AsyncConnection, statement: Insert, values: Mapping[str, Any]) -> bool:
    """Insert a row; False where its key is taken."""
    async with unless_taken(connection):
        await connection.execute(statement, dict(values))
        return True
    return False
