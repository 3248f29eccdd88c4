"""Users as operators run them: created, changed, suspended, activated, many at once."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from mestore.accounts.errors import (
    AccountErased,
    BulkUpdateRefused,
    LastSuperuser,
    NotOnYourself,
    RoleTooHigh,
    UserNotFound,
)
from mestore.accounts.events import (
    PasswordResetRequested,
    UserActivated,
    UserInvited,
    UserSuspended,
)
from mestore.accounts.repository import AccessRepository, HeldUser, SessionRepository
from mestore.accounts.service.accounts import AccountService
from mestore.accounts.service.activity import ActivityLog
from mestore.accounts.service.acts import record
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.profiles import ProfileService
from mestore.accounts.types import Activity, BulkResult, Caller, Device, NewUser, UserType
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Refusal
from mestore.kernel.problems import language

NO_PASSWORD = "!"  # noqa: S105  no hash at all, so that no password is ever right
BULK_REASON = "bulk update"

Held = dict[UUID, HeldUser]


class UserService:
    """What one operator does to users, whose roles have to be below the operator's own.

    A SUPERUSER acts on everybody, but nobody suspends themselves or the last active SUPERUSER.
    """

    def __init__(self, tx: Tx, actor: Caller, device: Device) -> None:
        self.tx = tx
        self.actor = actor
        self.device = device
        self.access = AccessRepository(tx.connection)

    async def add(self, new: NewUser, password_hash: str | None) -> UUID:
        """Add a user of a role below the operator's; without a password they are invited."""
        if not new.user_type.is_below(self.actor.user_type):
            raise RoleTooHigh()
        user = await AccountService(self.tx).add_user(
            new, password_hash=password_hash or NO_PASSWORD, ip_address=self.device.ip_address
        )
        if password_hash is None:
            self.tx.publish(UserInvited(user.id))
            self.tx.publish(PasswordResetRequested(user.id, now()))
        await self.note(user.id, Activity.CREATED, user_type=new.user_type.value)
        after = {"user_type": new.user_type}
        record(self.tx, Act.USER_CREATED, Subject.USER, user.id, after=after)
        return user.id

    async def hold(self, user_id: UUID) -> Held:
        """Hold a user whom the operator may act on, or the operator themselves."""
        held = await self._lock([user_id])
        self.check(held, user_id)
        return held

    def check(self, held: Held, user_id: UUID) -> HeldUser:
        """Return a held user; refused where the operator may not act on them."""
        user = held.get(user_id)
        if user is None:
            raise UserNotFound()
        if user.erased_at is not None:
            raise AccountErased()
        is_open = user_id == self.actor.user_id or self.actor.user_type is UserType.SUPERUSER
        if not is_open and not user.user_type.is_below(self.actor.user_type):
            raise RoleTooHigh()
        return user

    def check_replaceable(self, held: Held, user: HeldUser) -> None:
        """Refuse to lose the last active SUPERUSER, and what no operator does to themselves."""
        if user.user_type is UserType.SUPERUSER and not any(
            other.user_type is UserType.SUPERUSER and other.is_active and other.id != user.id
            for other in held.values()
        ):
            raise LastSuperuser()

    async def suspend(self, user_id: UUID, reason: str) -> None:
        """Keep a user from signing in and end their sessions; API keys stop with them."""
        await self._suspend(await self.hold(user_id), user_id, reason)

    async def activate(self, user_id: UUID) -> None:
        """Let a user sign in again who was suspended, or locked out by wrong passwords."""
        await self._activate(await self.hold(user_id), user_id)

    async def update_many(
        self, user_ids: Sequence[UUID], changes: Mapping[str, Any], *, all_or_nothing: bool
    ) -> list[BulkResult]:
        """Make the same changes to many users, and say of each whether it could be done."""
        held = await self._lock(user_ids)
        results = {}
        for user_id in sorted(user_ids):
            sent = len(self.tx.jobs)
            try:
                async with self.tx.connection.begin_nested():
                    await self._update_one(held, user_id, changes)
                results[user_id] = BulkResult(user_id, True)
            except Refusal as refusal:
                # What was told of this user is taken back with what was written.
                del self.tx.jobs[sent:]
                text = refusal.text(language.get())
                results[user_id] = BulkResult(user_id, False, refusal.code, text)
        ordered = [results[user_id] for user_id in user_ids]
        if all_or_nothing and not all(result.success for result in ordered):
            raise BulkUpdateRefused(results=ordered)
        return ordered

    async def note(self, user_id: UUID, action: Activity, **details: object) -> None:
        """Write down what the operator did to a user."""
        await ActivityLog(self.tx).add(
            user_id, action, device=self.device, actor_id=self.actor.user_id, **details
        )

    async def _lock(self, user_ids: Sequence[UUID]) -> Held:
        # Only a SUPERUSER can suspend or erase one, and two who do so to each other must queue.
        is_superuser = self.actor.user_type is UserType.SUPERUSER
        return await self.access.lock_users(user_ids, with_superusers=is_superuser)

    async def _update_one(self, held: Held, user_id: UUID, changes: Mapping[str, Any]) -> None:
        self.check(held, user_id)
        profile = {name: to for name, to in changes.items() if name != "is_active"}
        if profile:
            profiles = ProfileService(self.tx)
            user, seen = await profiles.get(user_id)
            await profiles.update(
                user, profile, seen=seen, device=self.device, actor_id=self.actor.user_id
            )
        if changes.get("is_active") is True:
            await self._activate(held, user_id)
        if changes.get("is_active") is False:
            await self._suspend(held, user_id, BULK_REASON)

    async def _suspend(self, held: Held, user_id: UUID, reason: str) -> None:
        user = held[user_id]
        if user_id == self.actor.user_id:
            raise NotOnYourself()
        self.check_replaceable(held, user)
        moment = now()
        if not await self.access.set_active(user_id, False, moment):
            return
        await SessionRepository(self.tx.connection).end_all(user_id, moment)
        self.tx.publish(UserSuspended(user_id, reason))
        await self.note(user_id, Activity.SUSPENDED, reason=reason)
        before, after = {"is_active": True}, {"is_active": False, "reason": reason}
        record(self.tx, Act.USER_SUSPENDED, Subject.USER, user_id, before=before, after=after)

    async def _activate(self, held: Held, user_id: UUID) -> None:
        if user_id == self.actor.user_id:
            raise NotOnYourself()
        if await self.access.set_active(held[user_id].id, True, now()):
            self.tx.publish(UserActivated(user_id))
            await self.note(user_id, Activity.ACTIVATED)
            before, after = {"is_active": False}, {"is_active": True}
            record(self.tx, Act.USER_ACTIVATED, Subject.USER, user_id, before=before, after=after)
        if await self.access.unlock(user_id, now()):
            await self.note(user_id, Activity.UNLOCKED)
            before, after = {"is_locked": True}, {"is_locked": False}
            record(self.tx, Act.USER_UNLOCKED, Subject.USER, user_id, before=before, after=after)


async def create_user(
    database: Database,
    passwords: Passwords,
    actor: Caller,
    new: NewUser,
    password: str | None,
    device: Device,
) -> UUID:
    """Add a user as an operator; the password is hashed before the transaction begins."""
    password_hash = await passwords.hash(password) if password else None
    async with database.transaction() as tx:
        return await UserService(tx, actor, device).add(new, password_hash)
