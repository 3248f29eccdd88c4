"""What the JSON API of accounts takes and answers, one file a subject."""

from mestore.accounts.schemas.sign_in import (
    Company,
    Done,
    Input,
    LoginIn,
    ProfileIn,
    RefreshIn,
    RegisterIn,
    Revoked,
    RevokeIn,
    SessionOut,
    SessionsOut,
    Username,
)

__all__ = [
    "Company",
    "Done",
    "Input",
    "LoginIn",
    "ProfileIn",
    "RefreshIn",
    "RegisterIn",
    "RevokeIn",
    "Revoked",
    "SessionOut",
    "SessionsOut",
    "Username",
]
