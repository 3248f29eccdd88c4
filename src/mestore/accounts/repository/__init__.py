"""Every SQL statement of accounts that writes, or that a write rests on."""

from mestore.accounts.repository.access import (
    AccessRepository,
    ApiKeyRepository,
    HeldUser,
)
from mestore.accounts.repository.users import (
    AccountRepository,
    Credentials,
    GivenToken,
    SessionRepository,
)

__all__ = [
    "HeldUser",
    "ApiKeyRepository",
    "AccessRepository",
    "AccountRepository",
    "Credentials",
    "GivenToken",
    "SessionRepository",
]
