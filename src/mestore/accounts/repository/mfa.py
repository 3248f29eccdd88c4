"""SQL of the second factor. Every use of a code is one conditional statement: one caller wins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import BackupCode, MfaDevice, PendingSignIn, User
from mestore.kernel.db import affected

_ADD_DEVICE = insert(MfaDevice)
_ADD_CODES = insert(BackupCode)
_ADD_PENDING = insert(PendingSignIn)

_OF_USER = MfaDevice.user_id == bindparam("of_user")
_DEVICE = select(MfaDevice.sealed_secret, MfaDevice.confirmed_at).where(_OF_USER)
_REPLACE_UNCONFIRMED = (
    update(MfaDevice)
    .where(_OF_USER, MfaDevice.confirmed_at.is_(None))
    .values(sealed_secret=bindparam("sealed"), last_step=None, created_at=bindparam("moment"))
)
_USE_STEP = (
    update(MfaDevice)
    .where(_OF_USER, or_(MfaDevice.last_step.is_(None), MfaDevice.last_step < bindparam("step")))
    .values(last_step=bindparam("step"))
)
_CONFIRM = (
    update(MfaDevice)
    .where(
        _OF_USER,
        MfaDevice.confirmed_at.is_(None),
        MfaDevice.sealed_secret == bindparam("sealed"),
    )
    .values(confirmed_at=bindparam("moment"))
)
_BEGIN_CODES = (
    update(MfaDevice)
    .where(_OF_USER, MfaDevice.confirmed_at.is_not(None))
    .values(codes_made_at=bindparam("moment"))
)
_DELETE_DEVICE = delete(MfaDevice).where(_OF_USER)
_DELETE_CODES = delete(BackupCode).where(BackupCode.user_id == bindparam("of_user"))
_USE_CODE = _DELETE_CODES.where(BackupCode.digest == bindparam("of_digest"))

_RESEAL = (
    update(MfaDevice)
    .where(_OF_USER, MfaDevice.sealed_secret == bindparam("old"))
    .values(sealed_secret=bindparam("new"))
)

_SWITCH = (
    update(User)
    .where(
        User.id == bindparam("of_user"),
        User.mfa_enabled != bindparam("enabled"),
        User.is_active,
        or_(User.locked_until.is_(None), User.locked_until <= bindparam("moment")),
    )
    .values(mfa_enabled=bindparam("enabled"), updated_at=bindparam("moment"))
)

_SWITCH_OFF = (
    update(User)
    .where(User.id == bindparam("of_user"), User.mfa_enabled)
    .values(mfa_enabled=False, updated_at=bindparam("moment"))
)

_PENDING = select(
    PendingSignIn.user_id, PendingSignIn.password_mark, PendingSignIn.guest_session
).where(PendingSignIn.id == bindparam("of_id"), PendingSignIn.expires_at > bindparam("moment"))
_FINISH = delete(PendingSignIn).where(PendingSignIn.id == bindparam("of_id"))
_DELETE_PENDING = delete(PendingSignIn).where(PendingSignIn.user_id == bindparam("of_user"))
_DELETE_EXPIRED = delete(PendingSignIn).where(PendingSignIn.expires_at <= bindparam("moment"))


@dataclass(frozen=True, slots=True)
class Device:
    """An authenticator app: its secret as it is stored, and when a first code confirmed it."""

    sealed_secret: str
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for its second factor."""

    user_id: UUID
    password_mark: str
    guest_session: str | None


@dataclass(frozen=True, slots=True)
class MfaRepository:
    """Authenticator apps and backup codes, and whether users need them to sign in."""

    connection: AsyncConnection

    async def find_device(self, user_id: UUID) -> Device | None:
        """Return a user's authenticator app, confirmed or not."""
        row = (await self.connection.execute(_DEVICE, {"of_user": user_id})).first()
        return Device(*row) if row else None

    async def replace_unconfirmed(self, user_id: UUID, sealed: str, moment: datetime) -> bool:
        """Give an app that nobody confirmed a new secret."""
        values = {"of_user": user_id, "sealed": sealed, "moment": moment}
        return await affected(self.connection, _REPLACE_UNCONFIRMED, **values) == 1

    async def add_device(self, user_id: UUID, sealed: str, moment: datetime) -> None:
        """Write down an app that is to be confirmed; a user has at most one."""
        values = {"user_id": user_id, "sealed_secret": sealed, "created_at": moment}
        await self.connection.execute(_ADD_DEVICE, values)

    async def use_step(self, user_id: UUID, step: int) -> bool:
        """Use the code of a time step up, and with it those of all earlier steps."""
        return await affected(self.connection, _USE_STEP, of_user=user_id, step=step) == 1

    async def confirm(self, user_id: UUID, sealed: str, moment: datetime) -> bool:
        """Note that a first code came from the app with this secret."""
        values = {"of_user": user_id, "sealed": sealed, "moment": moment}
        return await affected(self.connection, _CONFIRM, **values) == 1

    async def reseal(self, user_id: UUID, old: str, new: str) -> None:
        """Replace what is stored of the same secret, unless it changed meanwhile."""
        await affected(self.connection, _RESEAL, of_user=user_id, old=old, new=new)

    async def switch(self, user_id: UUID, *, enabled: bool, moment: datetime) -> bool:
        """Turn two-step sign-in of an active user who is not locked on or off."""
        values = {"of_user": user_id, "enabled": enabled, "moment": moment}
        return await affected(self.connection, _SWITCH, **values) == 1

    async def switch_off(self, user_id: UUID, moment: datetime) -> bool:
        """Turn two-step sign-in of any user off, in whatever state the account is."""
        return await affected(self.connection, _SWITCH_OFF, of_user=user_id, moment=moment) == 1

    async def replace_codes(self, user_id: UUID, digests: Iterable[str], moment: datetime) -> bool:
        """Replace all backup codes of a user whose app is confirmed.

        The app's row is written first, so that of two new sets one is void.
        """
        if not await affected(self.connection, _BEGIN_CODES, of_user=user_id, moment=moment):
            return False
        await affected(self.connection, _DELETE_CODES, of_user=user_id)
        rows = [{"user_id": user_id, "digest": each, "created_at": moment} for each in digests]
        await self.connection.execute(_ADD_CODES, rows)
        return True

    async def use_code(self, user_id: UUID, digest: str) -> bool:
        """Use a backup code up; of several who try, one succeeds."""
        values = {"of_user": user_id, "of_digest": digest}
        return await affected(self.connection, _USE_CODE, **values) == 1

    async def remove(self, user_id: UUID) -> None:
        """Delete a user's app and backup codes."""
        await affected(self.connection, _DELETE_DEVICE, of_user=user_id)
        await affected(self.connection, _DELETE_CODES, of_user=user_id)


@dataclass(frozen=True, slots=True)
class PendingRepository:
    """Sign-ins that wait for their second factor."""

    connection: AsyncConnection

    async def add(self, pending_id: UUID, pending: Pending, expires_at: datetime) -> None:
        """Write down a sign-in that waits until `expires_at`."""
        values = {
            "id": pending_id,
            "user_id": pending.user_id,
            "password_mark": pending.password_mark,
            "guest_session": pending.guest_session,
            "expires_at": expires_at,
        }
        await self.connection.execute(_ADD_PENDING, values)

    async def find(self, pending_id: UUID, moment: datetime) -> Pending | None:
        """Return a sign-in that still waits at `moment`."""
        values = {"of_id": pending_id, "moment": moment}
        row = (await self.connection.execute(_PENDING, values)).first()
        return Pending(*row) if row else None

    async def finish(self, pending_id: UUID) -> bool:
        """End the wait; of several who try, one succeeds."""
        return await affected(self.connection, _FINISH, of_id=pending_id) == 1

    async def remove_all(self, user_id: UUID) -> None:
        """Delete a user's sign-ins that wait."""
        await affected(self.connection, _DELETE_PENDING, of_user=user_id)

    async def purge(self, moment: datetime) -> None:
        """Delete those whose time is over at `moment`."""
        await affected(self.connection, _DELETE_EXPIRED, moment=moment)
