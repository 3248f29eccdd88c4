"""Two-step sign-in: turned on by a first code of an app, turned off by password and code."""

import io
from dataclasses import dataclass
from uuid import UUID

import pyotp
import segno
import structlog
from sqlalchemy.exc import DBAPIError

from mestore.accounts.errors.mfa import InvalidMfaProof, MfaAlreadyEnabled, MfaNotEnabled
from mestore.accounts.events import MfaDisabled, MfaEnabled
from mestore.accounts.repository import AccountRepository, Credentials
from mestore.accounts.repository.mfa import MfaRepository, PendingRepository
from mestore.accounts.repository.passkeys import PasskeyRepository
from mestore.accounts.service.acts import record
from mestore.accounts.service.guard import Failures, refusal_of
from mestore.accounts.service.mfa_codes import BACKUP_CODES, Codes, new_backup_code
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.sealing import Keys
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.types import Caller, SignInPolicy, checked_email
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.types.mfa import MfaSetup
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import LostRace, Refusal

log = structlog.get_logger(__name__)

QR_SCALE = 4


class MfaService:
    """Authenticator apps and backup codes of users."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.mfa = MfaRepository(tx.connection)
        self.policy = tx.policy(SignInPolicy)
        self.keys = Keys.of(self.policy)

    async def begin(self, user_id: UUID, email: str) -> MfaSetup:
        """Make a new secret for an app; it counts for nothing until a first code confirms it."""
        secret, moment = pyotp.random_base32(), now()
        sealed = self.keys.seal(user_id, secret)
        if not await self.mfa.replace_unconfirmed(user_id, sealed, moment):
            try:
                async with self.tx.connection.begin_nested():
                    await self.mfa.add_device(user_id, sealed, moment)
            except DBAPIError as error:
                if fault_of(error) is Fault.UNIQUE:
                    raise await self._why_not(user_id) from error
                raise
        return _setup(secret, email, self.policy.mfa_issuer)

    async def confirm(self, user_id: UUID, code: str, address: str) -> Refusal | None:
        """Turn two-step sign-in on by a first code; a refusal returned has to be committed."""
        moment = now()
        device = await self.mfa.find_device(user_id)
        if device is None:
            raise MfaNotEnabled()
        if device.confirmed_at is not None:
            raise MfaAlreadyEnabled()
        await self._check_lock(user_id)
        codes = Codes(self.tx.connection, self.keys)
        if not await codes.accept_of_app(user_id, code.replace(" ", ""), moment):
            return await self._count(user_id, address)
        # A secret that was replaced meanwhile is not the one that this code came from.
        if not await self.mfa.confirm(user_id, device.sealed_secret, moment):
            raise LostRace()
        if not await self.mfa.switch(user_id, enabled=True, moment=moment):
            raise LostRace()
        self.tx.publish(MfaEnabled(user_id))
        record(self.tx, Act.MFA_ENABLED, Subject.USER, user_id)
        return None

    async def new_backup_codes(self, user_id: UUID) -> list[str]:
        """Return ten new backup codes, which are shown this once; those of before are void."""
        codes: set[str] = set()
        while len(codes) < BACKUP_CODES:
            codes.add(new_backup_code())
        shown = sorted(codes)
        digests = [self.keys.digest_of_code(user_id, code.replace("-", "")) for code in shown]
        if not await self.mfa.replace_codes(user_id, digests, now()):
            raise MfaNotEnabled()
        record(self.tx, Act.BACKUP_CODES_MADE, Subject.USER, user_id)
        return shown

    async def disable(self, user_id: UUID, code: str | None, address: str) -> Refusal | None:
        """Turn two-step sign-in off; a refusal returned has to be committed.

        No `code` says that the password was wrong already.
        """
        moment = now()
        await self._check_lock(user_id)
        codes = Codes(self.tx.connection, self.keys)
        if code is None or not await codes.accept(user_id, code, moment):
            return await self._count(user_id, address)
        if not await self.mfa.switch(user_id, enabled=False, moment=moment):
            raise LostRace()
        await self.mfa.remove(user_id)
        self.tx.publish(MfaDisabled(user_id))
        record(self.tx, Act.MFA_DISABLED, Subject.USER, user_id)
        return None

    async def reset(self, user_id: UUID) -> None:
        """Delete every second factor of a user who lost them, and end all sessions."""
        await self.mfa.remove(user_id)
        await PasskeyRepository(self.tx.connection).remove_all(user_id)
        await PendingRepository(self.tx.connection).remove_all(user_id)
        if await self.mfa.switch_off(user_id, now()):
            self.tx.publish(MfaDisabled(user_id))
            record(self.tx, Act.MFA_DISABLED, Subject.USER, user_id)
        await SessionService(self.tx).end_all(user_id)

    async def _why_not(self, user_id: UUID) -> Refusal:
        device = await self.mfa.find_device(user_id)
        return MfaAlreadyEnabled() if device and device.confirmed_at else LostRace()

    async def _check_lock(self, user_id: UUID) -> None:
        _check_lock(await AccountRepository(self.tx.connection).find(user_id))

    async def _count(self, user_id: UUID, address: str) -> Refusal:
        failures = Failures(self.tx, self.policy)
        closed = await failures.count(Act.MFA_CHANGE_FAILED, user_id, address, now())
        return closed or InvalidMfaProof()


@dataclass(frozen=True, slots=True)
class TwoStep:
    """The changes to two-step sign-in whose failures are counted, each in its own transaction."""

    database: Database

    async def confirm(self, caller: Caller, code: str, address: str) -> None:
        """Turn two-step sign-in on by a first code of the app; wrong codes lock the account."""
        async with self.database.transaction() as tx:
            refusal = await MfaService(tx).confirm(caller.user_id, code, address)
        if refusal is not None:
            raise refusal

    async def disable(
        self, caller: Caller, passwords: Passwords, password: str, code: str, address: str
    ) -> None:
        """Turn two-step sign-in off for who knows the password and has a code."""
        if not caller.mfa_enabled:
            raise MfaNotEnabled()
        async with self.database.read() as connection:
            account = await AccountRepository(connection).find(caller.user_id)
        _check_lock(account)
        is_right, _ = await passwords.verify(password, account.password_hash if account else None)
        async with self.database.transaction() as tx:
            proof = code if is_right else None
            refusal = await MfaService(tx).disable(caller.user_id, proof, address)
        if refusal is not None:
            raise refusal


async def reset_mfa(database: Database, email: str) -> None:
    """Take the second factors of an account away, so that its password alone signs in again.

    Raises ValueError where nobody has this e-mail.
    """
    async with database.transaction() as tx:
        account = await AccountRepository(tx.connection).find_by_email(checked_email(email))
        if account is None:
            raise ValueError("no account has this e-mail")
        await MfaService(tx).reset(account.user_id)


def _check_lock(account: Credentials | None) -> None:
    moment = now()
    if account is not None and account.is_locked(moment):
        raise refusal_of(account, moment)


def _setup(secret: str, email: str, issuer: str) -> MfaSetup:
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)
    svg = io.BytesIO()
    # White behind the code: on a dark page a camera would not find it.
    segno.make(uri, micro=False).save(
        svg, kind="svg", scale=QR_SCALE, light="#fff", xmldecl=False, nl=False
    )
    return MfaSetup(secret, uri, svg.getvalue().decode())
