"""Signing in: the password is checked between transactions, the counters decide inside them."""

from dataclasses import dataclass

from mestore.accounts.errors import InvalidCredentials
from mestore.accounts.repository import AccountRepository, Credentials
from mestore.accounts.service.guard import Failures, Guard, refusal_of
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.sealing import Keys
from mestore.accounts.service.second_step import admit, await_second_step
from mestore.accounts.types import STAFF, Device, OpenedSession, SignInPolicy
from mestore.accounts.types.acts import Act
from mestore.accounts.types.mfa import MfaRequired
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.kernel.errors import Refusal
from mestore.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class SignIn:
    """Signs people in by password, and slows down those who guess."""

    database: Database
    passwords: Passwords
    policy: SignInPolicy

    async def with_password(
        self,
        email: str,
        password: str,
        device: Device,
        *,
        guest_session: str | None = None,
        staff_only: bool = False,
    ) -> OpenedSession | MfaRequired:
        """Open a session for the right password, or begin the second step where MFA is on.

        An unknown e-mail, and with `staff_only` an account that is not staff's, is refused like a
        wrong password: same answer, same work.
        """
        account = await self._find(email, device, staff_only)
        stored = account.password_hash if account else None
        is_right, stronger = await self.passwords.verify(password, stored)
        if account is None or not is_right:
            raise await self._count_failure(account, email, device)
        return await self._admit(account, stronger, device, guest_session)

    async def _find(self, email: str, device: Device, staff_only: bool) -> Credentials | None:
        moment = now()
        async with self.database.read() as connection:
            await Guard(connection, self.policy).check_address(device.ip_address, moment)
            account = await AccountRepository(connection).find_by_email(email)
        if account is None or (staff_only and account.user_type not in STAFF):
            return None
        if account.is_locked(moment):
            raise refusal_of(account, moment)
        return account

    async def _count_failure(
        self, account: Credentials | None, email: str, device: Device
    ) -> Refusal:
        """Count a failure against the address and the account, and return what to answer."""
        moment = now()
        # For nobody the same statements run and find no row.
        user_id = account.user_id if account else uuid7()
        stranger = None if account else Keys.of(self.policy).digest_of_email(email)
        async with self.database.transaction() as tx:
            failures = Failures(tx, self.policy)
            closed = await failures.count(
                Act.SIGN_IN_FAILED, user_id, device.ip_address, moment, stranger=stranger
            )
        return closed or InvalidCredentials()

    async def _admit(
        self,
        account: Credentials,
        stronger: str | None,
        device: Device,
        guest_session: str | None,
    ) -> OpenedSession | MfaRequired:
        async with self.database.transaction() as tx:
            if stronger:
                accounts = AccountRepository(tx.connection)
                await accounts.replace_hash(account.user_id, account.password_hash, stronger)
            user, _ = await get_profile(tx.connection, account.user_id)
            if user.mfa_enabled:
                return await await_second_step(tx, self.policy, user.id, guest_session)
            return await admit(tx, user.id, device, guest_session)
