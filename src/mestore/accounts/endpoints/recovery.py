"""HTTP for forgotten passwords, and for changing one's own."""

from mestore.accounts.deps import CallingDevice, CurrentUser, PasswordHasher, Policy
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.errors import AccountLocked, AddressBlocked
from mestore.accounts.errors.verification import InvalidLinkToken, WrongPassword
from mestore.accounts.schemas import Done
from mestore.accounts.schemas.verification import (
    Accepted,
    ChangePasswordIn,
    ForgotPasswordIn,
    ResetPasswordIn,
)
from mestore.accounts.service.recovery import PasswordChange, RecoveryService
from mestore.accounts.service.recovery import reset_password as reset_by_token
from mestore.kernel.errors import LostRace, Unauthorized
from mestore.kernel.http import Db, InTx, refuses
from mestore.kernel.problems import language

router = auth_router()

_ASKED = {
    "en": "If an account has this e-mail, a message with a link to reset its password is coming.",
    "es": "Si una cuenta tiene este correo, recibirá un mensaje para restablecer la contraseña.",
}
_CHANGE = refuses(Unauthorized, WrongPassword, AccountLocked, AddressBlocked, LostRace)


@router.post("/forgot-password", status_code=202)
async def forgot_password(body: ForgotPasswordIn, tx: InTx) -> Accepted:
    """Mail a link to set a new password; the answer is the same whether the account exists."""
    RecoveryService(tx).ask(body.email)
    return Accepted(message=_ASKED[language.get()])


@router.post("/reset-password", responses=refuses(InvalidLinkToken))
async def reset_password(
    body: ResetPasswordIn, device: CallingDevice, db: Db, passwords: PasswordHasher
) -> Done:
    """Set a new password by the token of the mailed link, and end every session."""
    await reset_by_token(db, passwords, body.token, body.new_password, device)
    return Done()


@router.post("/change-password", responses=_CHANGE)
@router.put("/change-password", responses=_CHANGE)
async def change_password(
    body: ChangePasswordIn,
    caller: CurrentUser,
    device: CallingDevice,
    db: Db,
    passwords: PasswordHasher,
    policy: Policy,
) -> Done:
    """Set a new password, and end all one's sessions but this one."""
    change = PasswordChange(db, passwords, policy)
    await change.change(caller, body.current_password, body.new_password, device)
    return Done()
