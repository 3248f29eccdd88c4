"""The words of the second factor."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaRequired:
    """What signing in answers where the password was right and a second factor is still missing."""

    requires_mfa: Literal[True] = True
    mfa_token: str = field(repr=False)
    user_id: UUID


@dataclass(frozen=True, slots=True)
class MfaSetup:
    """What an authenticator app needs, as text, as the address it opens, and as its QR code."""

    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)
    qr_svg: str = field(repr=False)
