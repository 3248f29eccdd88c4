"""Tables of accounts, one file a subject."""

from mestore.accounts.models.access import (
    ApiKey,
    PersonalPage,
    UserActivity,
    UserPermission,
)
from mestore.accounts.models.external import ExternalIdentity, ExternalSignIn
from mestore.accounts.models.mfa import (
    BackupCode,
    MfaDevice,
    PendingSignIn,
)
from mestore.accounts.models.passkeys import (
    Passkey,
    PasskeyChallenge,
)
from mestore.accounts.models.users import (
    Consent,
    RefreshToken,
    Session,
    SignInFailure,
    User,
)
from mestore.accounts.models.verification import (
    LinkToken,
    OneTimeCode,
    SendAllowance,
)

__all__ = [
    "ExternalIdentity",
    "ExternalSignIn",
    "LinkToken",
    "OneTimeCode",
    "SendAllowance",
    "ApiKey",
    "UserActivity",
    "PersonalPage",
    "UserPermission",
    "Passkey",
    "PasskeyChallenge",
    "BackupCode",
    "MfaDevice",
    "PendingSignIn",
    "Consent",
    "RefreshToken",
    "Session",
    "SignInFailure",
    "User",
]
