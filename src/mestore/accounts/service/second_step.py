"""The second step of signing in: a code or a passkey after the right password."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import jwt
import msgspec
import structlog
from jwt.types import Options

from mestore.accounts.errors.mfa import InvalidMfaCode, InvalidMfaToken, InvalidPasskey
from mestore.accounts.repository import AccountRepository
from mestore.accounts.repository.mfa import Pending, PendingRepository
from mestore.accounts.repository.passkeys import PasskeyRepository
from mestore.accounts.service.guard import Failures, Guard, refusal_of
from mestore.accounts.service.mfa_codes import Codes
from mestore.accounts.service.passkeys import PasskeyService, Signed
from mestore.accounts.service.sealing import Keys
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.service.signing import Signer
from mestore.accounts.types import Device, OpenedSession, SignInPolicy
from mestore.accounts.types.acts import Act
from mestore.accounts.types.mfa import MfaRequired
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Refusal
from mestore.kernel.ids import uuid7

log = structlog.get_logger(__name__)

AUDIENCE = "mestore:second-step"
# Expiry is checked against kernel.clock below; PyJWT would ask the system's clock.
_CHECKS: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "require": ["aud", "exp", "iat", "jti", "sub"],
}
Accept = Callable[[Tx, UUID], Awaitable[bool]]


class _Claims(msgspec.Struct, frozen=True):
    jti: UUID
    sub: UUID
    aud: Literal["mestore:second-step"]
    exp: int


@dataclass(frozen=True, slots=True)
class MfaTokens:
    """Signs and reads mfa_tokens; their audience keeps them from being access tokens."""

    policy: SignInPolicy

    def issue(self, pending_id: UUID, user_id: UUID, moment: datetime) -> str:
        """Return the token of one sign-in that waits, good for `policy.second_step`."""
        claims = {
            "jti": str(pending_id),
            "sub": str(user_id),
            "aud": AUDIENCE,
            "iat": int(moment.timestamp()),
            "exp": int((moment + self.policy.second_step).timestamp()),
        }
        return Signer(self.policy).sign(claims)

    def read(self, token: str) -> UUID:
        """Return the sign-in that waits; raises `InvalidMfaToken`."""
        try:
            claims = msgspec.convert(Signer(self.policy).read(token, _CHECKS, AUDIENCE), _Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
            raise InvalidMfaToken() from error
        if claims.exp <= now().timestamp():
            raise InvalidMfaToken()
        return claims.jti


async def await_second_step(
    tx: Tx, policy: SignInPolicy, user_id: UUID, guest_session: str | None
) -> MfaRequired:
    """Let a sign-in whose password was right wait for the second step.

    Nothing is forgiven yet: failures stay counted until the second step succeeds.
    """
    moment = now()
    account = await AccountRepository(tx.connection).find(user_id)
    if account is None or not account.is_active or account.is_locked(moment):
        raise refusal_of(account, moment)
    mark = Keys.of(policy).mark_of_password(account.password_hash)
    pending_id = uuid7()
    pending = Pending(user_id, mark, guest_session)
    await PendingRepository(tx.connection).add(pending_id, pending, moment + policy.second_step)
    token = MfaTokens(policy).issue(pending_id, user_id, moment)
    return MfaRequired(mfa_token=token, user_id=user_id)


@dataclass(frozen=True, slots=True)
class SecondStep:
    """Finishes sign-ins that wait. Each mfa_token and each code opens one session at most."""

    database: Database
    policy: SignInPolicy

    async def with_code(
        self, mfa_token: str, code: str, device: Device, guest_session: str | None = None
    ) -> OpenedSession:
        """Open the session for a code of the app or a backup code; wrong ones lock the account."""

        async def accept(tx: Tx, user_id: UUID) -> bool:
            return await Codes(tx.connection, Keys.of(self.policy)).accept(user_id, code, now())

        return await self._finish(mfa_token, accept, InvalidMfaCode(), device, guest_session)

    async def with_passkey(
        self, mfa_token: str, signed: Signed, device: Device, guest_session: str | None = None
    ) -> OpenedSession:
        """Open the session for a passkey of the same user, whose signature has been checked."""

        async def accept(tx: Tx, user_id: UUID) -> bool:
            passkeys = PasskeyRepository(tx.connection)
            return signed.user_id == user_id and await passkeys.use(
                signed.passkey_id, signed.sign_count, now()
            )

        return await self._finish(mfa_token, accept, InvalidPasskey(), device, guest_session)

    async def _finish(
        self,
        mfa_token: str,
        accept: Accept,
        otherwise: Refusal,
        device: Device,
        guest_session: str | None,
    ) -> OpenedSession:
        pending_id = MfaTokens(self.policy).read(mfa_token)
        async with self.database.transaction() as tx:
            guard = Guard(tx.connection, self.policy)
            moment = now()
            await guard.check_address(device.ip_address, moment)
            pending = await self._waiting(tx, pending_id)
            if await accept(tx, pending.user_id):
                return await self._admit(tx, pending_id, pending, device, guest_session)
            counted = await Failures(tx, self.policy).count(
                Act.SECOND_STEP_FAILED, pending.user_id, device.ip_address, moment
            )
        raise counted or otherwise

    async def _waiting(self, tx: Tx, pending_id: UUID) -> Pending:
        """Return the sign-in that waits, if its account is as it was at the right password."""
        moment = now()
        pending = await PendingRepository(tx.connection).find(pending_id, moment)
        if pending is None:
            raise InvalidMfaToken()
        account = await AccountRepository(tx.connection).find(pending.user_id)
        if account is None or not account.is_active or account.is_locked(moment):
            raise refusal_of(account, moment)
        if not Keys.of(self.policy).is_mark(pending.password_mark, account.password_hash):
            raise InvalidMfaToken()
        return pending

    async def _admit(
        self,
        tx: Tx,
        pending_id: UUID,
        pending: Pending,
        device: Device,
        guest_session: str | None,
    ) -> OpenedSession:
        # What is refused here is rolled back: the code was not used then.
        if not await PendingRepository(tx.connection).finish(pending_id):
            raise InvalidMfaToken()
        return await admit(tx, pending.user_id, device, guest_session or pending.guest_session)


async def sign_in_with_passkey(
    database: Database, signed: Signed, device: Device, guest_session: str | None = None
) -> OpenedSession:
    """Open a session for a passkey whose signature has been checked: it is both factors."""
    async with database.transaction() as tx:
        await PasskeyService(tx).use(signed)
        return await admit(tx, signed.user_id, device, guest_session)


async def admit(
    tx: Tx, user_id: UUID, device: Device, guest_session: str | None = None
) -> OpenedSession:
    """Open a session for who has proved everything, unless the account is locked or suspended."""
    moment = now()
    accounts = AccountRepository(tx.connection)
    if not await accounts.admit(user_id, moment):
        raise refusal_of(await accounts.find(user_id), moment)
    user, _ = await get_profile(tx.connection, user_id)
    return await SessionService(tx).open(user, device, guest_session)
