"""Codes: of an authenticator app (RFC 6238) and backup codes; each is accepted once."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.repository.mfa import MfaRepository
from mestore.accounts.service.sealing import Keys

log = structlog.get_logger(__name__)

STEP_SECONDS = 30
BACKUP_CODES = 10
BACKUP_LENGTH = 10
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Codes:
    """Accepts codes: of one code that comes twice, also at the same moment, one is accepted."""

    connection: AsyncConnection
    keys: Keys

    async def accept(self, user_id: UUID, code: str, moment: datetime) -> bool:
        """Use a code of the app or a backup code up, if it is right and was not used."""
        plain = code.replace(" ", "").replace("-", "").upper()
        if len(plain) == BACKUP_LENGTH:
            return await self._accept_backup(user_id, plain)
        is_right = await self.accept_of_app(user_id, plain, moment)
        if is_right and self.keys.old_secrets:
            await self._reseal(user_id)
        return is_right

    async def accept_of_app(self, user_id: UUID, code: str, moment: datetime) -> bool:
        """Use a code up that the app shows in the present time step, the last or the next."""
        mfa = MfaRepository(self.connection)
        device = await mfa.find_device(user_id)
        secret = self.keys.unseal(user_id, device.sealed_secret) if device else None
        if secret is None:
            if device is not None:
                log.error("mfa_secret_unreadable", user_id=str(user_id))
            return False
        step = matching_step(secret, code, moment)
        return step is not None and await mfa.use_step(user_id, step)

    async def _reseal(self, user_id: UUID) -> None:
        """Seal the app's secret by the present key, so that the old one can be dropped some day."""
        mfa = MfaRepository(self.connection)
        device = await mfa.find_device(user_id)
        if device is None or self.keys.is_current(user_id, device.sealed_secret):
            return
        if secret := self.keys.unseal(user_id, device.sealed_secret):
            await mfa.reseal(user_id, device.sealed_secret, self.keys.seal(user_id, secret))

    async def _accept_backup(self, user_id: UUID, code: str) -> bool:
        mfa = MfaRepository(self.connection)
        for digest in self.keys.digests_of_code(user_id, code):
            if await mfa.use_code(user_id, digest):
                return True
        return False


def matching_step(secret: str, code: str, moment: datetime) -> int | None:
    """Return the time step of which this is the code: the one of `moment`, or one beside it."""
    app = pyotp.TOTP(secret, interval=STEP_SECONDS)
    present = int(moment.timestamp()) // STEP_SECONDS
    # All three are compared, whichever fits, so that the time taken says nothing.
    fits = {
        step: hmac.compare_digest(app.generate_otp(step).encode(), code.encode())
        for step in (present - 1, present, present + 1)
    }
    return max((step for step, fit in fits.items() if fit), default=None)


def new_backup_code() -> str:
    """Return 50 random bits as two groups of five letters and digits."""
    letters = "".join(secrets.choice(_BASE32) for _ in range(BACKUP_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"
