"""Signing in: the password is checked between transactions, the counters decide inside them."""

import math
from dataclasses import dataclass
from datetime import datetime

from mestore.accounts.errors import (
    AccountLocked,
    AccountSuspended,
    AddressBlocked,
    InvalidCredentials,
)
from mestore.accounts.repository import AccountRepository, Credentials
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.types import STAFF, Device, OpenedSession, SignInPolicy
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
    ) -> OpenedSession:
        """Open a session for the right password.

        An unknown e-mail, and with `staff_only` an account that is not staff's, is refused like a
        wrong password: same answer, same work.
        """
        account = await self._find(email, device, staff_only)
        stored = account.password_hash if account else None
        is_right, stronger = await self.passwords.verify(password, stored)
        if account is None or not is_right:
            raise await self._count_failure(account, device)
        return await self._admit(account, stronger, device, guest_session)

    async def _find(self, email: str, device: Device, staff_only: bool) -> Credentials | None:
        moment = now()
        async with self.database.read() as connection:
            accounts = AccountRepository(connection)
            since = moment - self.policy.block
            failures = await accounts.failures_from(device.ip_address, since)
            account = await accounts.find_by_email(email)
        if failures >= self.policy.failures_to_block:
            raise AddressBlocked(retry_after=_seconds(self.policy.block.total_seconds()))
        if account is None or (staff_only and account.user_type not in STAFF):
            return None
        if account.is_locked(moment):
            raise _refusal(account, moment)
        return account

    async def _count_failure(self, account: Credentials | None, device: Device) -> Refusal:
        """Count a failure against the address and the account, and return what to answer."""
        moment = now()
        # For nobody the same statements run and find no row.
        user_id = account.user_id if account else uuid7()
        async with self.database.transaction() as tx:
            accounts = AccountRepository(tx.connection)
            counted = await accounts.count_failure(user_id, moment)
            await accounts.lock(user_id, self.policy.failures_to_lock, moment + self.policy.lock)
            await accounts.add_failure(device.ip_address, moment, moment - self.policy.block)
            found = await accounts.find(user_id)
        if found is None or counted:
            return InvalidCredentials()
        return _refusal(found, moment)

    async def _admit(
        self,
        account: Credentials,
        stronger: str | None,
        device: Device,
        guest_session: str | None,
    ) -> OpenedSession:
        moment = now()
        async with self.database.transaction() as tx:
            accounts = AccountRepository(tx.connection)
            if not await accounts.admit(account.user_id, moment):
                raise _refusal(await accounts.find(account.user_id), moment)
            if stronger:
                await accounts.replace_hash(account.user_id, account.password_hash, stronger)
            user, _ = await get_profile(tx.connection, account.user_id)
            return await SessionService(tx).open(user, device, guest_session)


def _refusal(account: Credentials | None, moment: datetime) -> Refusal:
    """Return why an account does not admit the right password at `moment`."""
    if account is None:
        return InvalidCredentials()
    if account.locked_until and account.is_locked(moment):
        left = account.locked_until - moment
        return AccountLocked(retry_after=_seconds(left.total_seconds()))
    return AccountSuspended()


def _seconds(time: float) -> int:
    return max(1, math.ceil(time))
