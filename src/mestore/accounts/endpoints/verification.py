"""HTTP for verifying one's own e-mail address and phone number."""

from mestore.accounts.deps import CurrentUser
from mestore.accounts.endpoints.routers import auth_router
from mestore.accounts.errors.verification import (
    CodeSentRecently,
    CodeSpent,
    EmailAlreadyVerified,
    InvalidLinkToken,
    PhoneAlreadyVerified,
    PhoneMissing,
    TooManySms,
    WrongCode,
)
from mestore.accounts.schemas import Done
from mestore.accounts.schemas.verification import CodeIn, CodeOnItsWay, TokenIn
from mestore.accounts.service.links import LinkService
from mestore.accounts.service.verification import VerificationService, verify_by_code
from mestore.accounts.types.verification import CodePurpose, VerificationPolicy
from mestore.kernel.db import Tx
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, InTx, refuses

router = auth_router()

_SEND_EMAIL = refuses(Unauthorized, EmailAlreadyVerified, CodeSentRecently)
_SEND_SMS = refuses(Unauthorized, PhoneAlreadyVerified, PhoneMissing, CodeSentRecently, TooManySms)


@router.post("/send-verification-email", responses=_SEND_EMAIL)
@router.post("/resend-verification", responses=_SEND_EMAIL)
async def send_verification_email(caller: CurrentUser, tx: InTx) -> CodeOnItsWay:
    """Mail a six-digit code and a link; both verify the address. One a minute."""
    await VerificationService(tx).request(caller.user_id, CodePurpose.EMAIL)
    return _on_its_way(tx)


@router.post("/send-verification-sms", responses=_SEND_SMS)
async def send_verification_sms(caller: CurrentUser, tx: InTx) -> CodeOnItsWay:
    """Send a six-digit code to one's phone. One a minute, five an hour for each number."""
    await VerificationService(tx).request(caller.user_id, CodePurpose.PHONE)
    return _on_its_way(tx)


@router.post(
    "/verify-email-otp",
    responses=refuses(Unauthorized, WrongCode, CodeSpent, EmailAlreadyVerified),
)
async def verify_email_otp(body: CodeIn, caller: CurrentUser, db: Db) -> Done:
    """Verify one's e-mail address by the code that was mailed. Five attempts a code."""
    await verify_by_code(db, caller.user_id, CodePurpose.EMAIL, body.code)
    return Done()


@router.post(
    "/verify-phone-otp",
    responses=refuses(Unauthorized, WrongCode, CodeSpent, PhoneAlreadyVerified),
)
async def verify_phone_otp(body: CodeIn, caller: CurrentUser, db: Db) -> Done:
    """Verify one's phone number by the code that was sent. Five attempts a code."""
    await verify_by_code(db, caller.user_id, CodePurpose.PHONE, body.code)
    return Done()


@router.post("/verify-email", responses=refuses(InvalidLinkToken))
async def verify_email(body: TokenIn, tx: InTx) -> Done:
    """Verify an e-mail address by the token of the mailed link. It works once, within a day."""
    await LinkService(tx).verify_email(body.token)
    return Done()


def _on_its_way(tx: Tx) -> CodeOnItsWay:
    policy = tx.policy(VerificationPolicy)
    return CodeOnItsWay(
        expires_in=int(policy.code_lasts.total_seconds()),
        retry_after=int(policy.cooldown.total_seconds()),
    )
