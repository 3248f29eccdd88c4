"""Registration: a person becomes a buyer, or, by the command line, an administrator."""

from mestore.accounts.service.accounts import AccountService
from mestore.accounts.service.acts import record
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.types import (
    Device,
    Document,
    NewUser,
    OpenedSession,
    SignInPolicy,
    Terms,
    UserProfile,
    UserType,
    checked_email,
    checked_password,
)
from mestore.accounts.types.acts import Act, Actor, Subject
from mestore.kernel.db import Database


async def register(
    database: Database,
    passwords: Passwords,
    new: NewUser,
    password: str,
    device: Device,
    guest_session: str | None = None,
) -> OpenedSession:
    """Add a buyer who accepts the terms, and sign them in; all or nothing."""
    password_hash = await passwords.hash(password)
    async with database.transaction() as tx:
        terms = Terms(Document.TERMS, tx.policy(SignInPolicy).terms_version)
        user = await AccountService(tx).add_user(
            new, password_hash=password_hash, ip_address=device.ip_address, terms=terms
        )
        actor = Actor(user.id, user.user_type)
        record(tx, Act.REGISTERED, Subject.USER, user.id, actor=actor)
        return await SessionService(tx).open(user, device, guest_session)


async def create_admin(
    database: Database, passwords: Passwords, *, email: str, password: str, superuser: bool
) -> UserProfile:
    """Add an administrator; raises ValueError for a malformed e-mail or a weak password."""
    if not 8 <= len(password) <= 128:
        raise ValueError("a password has 8 to 128 characters")
    password_hash = await passwords.hash(checked_password(password))
    new = NewUser(
        email=checked_email(email),
        first_name="Admin",
        last_name="MeStore",
        user_type=UserType.SUPERUSER if superuser else UserType.ADMIN,
    )
    async with database.transaction() as tx:
        user = await AccountService(tx).add_user(
            new, password_hash=password_hash, ip_address="127.0.0.1"
        )
        after = {"user_type": user.user_type}
        record(tx, Act.USER_CREATED, Subject.USER, user.id, after=after)
        return user
