"""Recovery: a forgotten password is set anew by a mailed link, a known one by its owner."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mestore.accounts.errors.verification import InvalidLinkToken, WrongPassword
from mestore.accounts.events import PasswordChanged, PasswordResetRequested
from mestore.accounts.repository import AccountRepository
from mestore.accounts.repository.verification import (
    AllowanceRepository,
    CredentialRepository,
    LinkRepository,
)
from mestore.accounts.service.activity import ActivityLog
from mestore.accounts.service.acts import record
from mestore.accounts.service.guard import Failures, Guard, refusal_of
from mestore.accounts.service.links import LinkService
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.service.tokens import digest_of
from mestore.accounts.types import Activity, Caller, Device, SignInPolicy
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.types.verification import (
    LinkPurpose,
    MadeLink,
    StartRecovery,
    VerificationPolicy,
    minutes_of,
)
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import LostRace, Refusal


class RecoveryService:
    """Password resets by mail."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.policy = tx.policy(VerificationPolicy)

    def ask(self, email: str) -> None:
        """Have a reset link mailed to `email`, if an account has it.

        Nothing is looked up here: the caller learns neither from the answer nor from its time
        whether there is such an account.
        """
        self.tx.enqueue(StartRecovery(email))

    async def start(self, email: str) -> None:
        """Have a reset link mailed to an active account, at most three times an hour."""
        found = await AccountRepository(self.tx.connection).find_by_email(email)
        if found is None or not found.is_active:
            return
        moment = now()
        allowances = AllowanceRepository(self.tx.connection)
        most, since = self.policy.resets_in_window, moment - self.policy.window
        if await allowances.take(f"reset:{found.user_id}", most, moment, since):
            self.tx.publish(PasswordResetRequested(found.user_id, moment))

    async def make_link(self, user_id: UUID, requested_at: datetime) -> MadeLink | None:
        """Make a reset link and return it, to be mailed at once; each call makes a new one.

        None where the account is suspended, or the link was asked for longer ago than it lasts.
        """
        user, _ = await get_profile(self.tx.connection, user_id)
        if not user.is_active or requested_at <= now() - self.policy.reset_link_lasts:
            return None
        link = await LinkService(self.tx).make(user_id, LinkPurpose.RESET_PASSWORD, user.email)
        minutes = minutes_of(self.policy.reset_link_lasts)
        return MadeLink(user.email, user.first_name, minutes, link)

    async def reset(self, token: str, password_hash: str, device: Device) -> None:
        """Set a password by the token of a reset link, unlock the account, end every session."""
        moment = now()
        links = LinkService(self.tx)
        link = await links.get_live(token, LinkPurpose.RESET_PASSWORD)
        credentials = CredentialRepository(self.tx.connection)
        if not await credentials.reset_password(link.user_id, link.address, password_hash, moment):
            raise InvalidLinkToken()
        await links.spend(token, LinkPurpose.RESET_PASSWORD)
        await self._conclude(link.user_id, moment, device, but=None)
        record(self.tx, Act.PASSWORD_RESET, Subject.USER, link.user_id)

    async def replace(self, caller: Caller, old_hash: str, new_hash: str, device: Device) -> None:
        """Set the password of a signed-in user, and end their other sessions."""
        moment = now()
        credentials = CredentialRepository(self.tx.connection)
        if not await credentials.change_password(caller.user_id, old_hash, new_hash, moment):
            raise LostRace()
        await self._conclude(caller.user_id, moment, device, but=caller.session_id)
        record(self.tx, Act.PASSWORD_CHANGED, Subject.USER, caller.user_id)

    async def _conclude(
        self, user_id: UUID, moment: datetime, device: Device, but: UUID | None
    ) -> None:
        """Shut out whoever came in by the old password or holds another reset link."""
        links = LinkRepository(self.tx.connection)
        await links.spend_all(user_id, LinkPurpose.RESET_PASSWORD, moment)
        await SessionService(self.tx).end_all(user_id, but=but)
        await ActivityLog(self.tx).add(user_id, Activity.PASSWORD_CHANGED, device=device)
        self.tx.publish(PasswordChanged(user_id, moment))


async def reset_password(
    database: Database, passwords: Passwords, token: str, new_password: str, device: Device
) -> None:
    """Set a forgotten password; raises `InvalidLinkToken`, a bad token without hashing anything."""
    async with database.read() as connection:
        links = LinkRepository(connection)
        link = await links.find_live(digest_of(token), LinkPurpose.RESET_PASSWORD, now())
    if link is None:
        raise InvalidLinkToken()
    password_hash = await passwords.hash(new_password)
    async with database.transaction() as tx:
        await RecoveryService(tx).reset(token, password_hash, device)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """Changes the password of a signed-in user who knows the one they have."""

    database: Database
    passwords: Passwords
    policy: SignInPolicy

    async def change(self, caller: Caller, current: str, new: str, device: Device) -> None:
        """Set a new password; wrong guesses of the current one lock the account as at sign-in."""
        old_hash = await self._find_hash(caller, device)
        is_right, _ = await self.passwords.verify(current, old_hash)
        if not is_right:
            raise await self._count_failure(caller, device)
        new_hash = await self.passwords.hash(new)
        async with self.database.transaction() as tx:
            await RecoveryService(tx).replace(caller, old_hash, new_hash, device)

    async def _find_hash(self, caller: Caller, device: Device) -> str:
        moment = now()
        async with self.database.read() as connection:
            await Guard(connection, self.policy).check_address(device.ip_address, moment)
            account = await AccountRepository(connection).find(caller.user_id)
        if account is None or account.is_locked(moment):
            raise refusal_of(account, moment)
        return account.password_hash

    async def _count_failure(self, caller: Caller, device: Device) -> Refusal:
        async with self.database.transaction() as tx:
            closed = await Failures(tx, self.policy).count(
                Act.PASSWORD_CHANGE_FAILED, caller.user_id, device.ip_address, now()
            )
        return closed or WrongPassword()
