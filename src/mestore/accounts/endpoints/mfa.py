"""HTTP for two-step sign-in."""

from fastapi import Request, Response

from mestore.accounts.deps import (
    Bearer,
    CallingDevice,
    GuestSession,
    PasskeyChoices,
    PasswordHasher,
    Policy,
    SignedInUser,
    signed_in_user,
)
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.errors import AccountLocked, AccountSuspended, AddressBlocked
from mestore.accounts.errors.mfa import (
    InvalidMfaCode,
    InvalidMfaProof,
    InvalidMfaToken,
    InvalidPasskey,
    MfaAlreadyEnabled,
    MfaNotEnabled,
)
from mestore.accounts.schemas.mfa import BackupCodesOut, MfaDisableIn, MfaStatus, MfaVerifyIn
from mestore.accounts.service.mfa import MfaService, TwoStep
from mestore.accounts.service.passkeys import Passkeys
from mestore.accounts.service.second_step import SecondStep
from mestore.accounts.types import OpenedSession
from mestore.accounts.types.mfa import MfaSetup
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, InTx, refuses

router = auth_router("/mfa")

_SIGNED_IN = refuses(Unauthorized)
_VERIFY = refuses(
    InvalidMfaToken,
    InvalidMfaCode,
    InvalidPasskey,
    InvalidMfaProof,
    MfaNotEnabled,
    MfaAlreadyEnabled,
    AccountLocked,
    AccountSuspended,
    AddressBlocked,
)


@router.post("/enable", responses=_SIGNED_IN | refuses(MfaAlreadyEnabled))
async def enable(caller: SignedInUser, response: Response, tx: InTx) -> MfaSetup:
    """Make the secret of an authenticator app. It counts once POST /auth/mfa/verify had a code."""
    _never_store(response)
    return await MfaService(tx).begin(caller.user_id, caller.email)


@router.post("/verify", responses=_VERIFY)
async def verify(
    body: MfaVerifyIn,
    request: Request,
    response: Response,
    credentials: Bearer,
    device: CallingDevice,
    guest_session: GuestSession = None,
    *,
    db: Db,
    policy: Policy,
    passkeys: PasskeyChoices,
) -> OpenedSession | MfaStatus:
    """With `mfa_token`, finish a sign-in; without, turn MFA on by a first code of the app."""
    _never_store(response)
    if body.mfa_token is None:
        caller = await signed_in_user(request, credentials)
        await TwoStep(db).confirm(caller, body.code or "", device.ip_address)
        return MfaStatus(mfa_enabled=True)
    step = SecondStep(db, policy)
    if body.passkey is None:
        return await step.with_code(body.mfa_token, body.code or "", device, guest_session)
    signed = await Passkeys(db, passkeys).check(body.passkey.as_sent())
    return await step.with_passkey(body.mfa_token, signed, device, guest_session)


@router.get("/backup-codes", responses=_SIGNED_IN | refuses(MfaNotEnabled))
async def backup_codes(caller: SignedInUser, response: Response, tx: InTx) -> BackupCodesOut:
    """Make ten new backup codes, shown this once. Those of before stop working."""
    _never_store(response)
    return BackupCodesOut(backup_codes=await MfaService(tx).new_backup_codes(caller.user_id))


@router.post(
    "/disable", responses=_SIGNED_IN | refuses(MfaNotEnabled, InvalidMfaProof, AccountLocked)
)
async def disable(
    body: MfaDisableIn,
    caller: SignedInUser,
    device: CallingDevice,
    db: Db,
    passwords: PasswordHasher,
) -> MfaStatus:
    """Turn MFA off, by the password and a code of the app or a backup code."""
    two_step = TwoStep(db)
    await two_step.disable(caller, passwords, body.password, body.code, device.ip_address)
    return MfaStatus(mfa_enabled=False)


def _never_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
