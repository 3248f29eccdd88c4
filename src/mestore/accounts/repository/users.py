"""Every SQL statement of accounts that writes, or that a write rests on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import Consent, RefreshToken, Session, SignInFailure, User
from mestore.accounts.types import Contact, UserType
from mestore.kernel.db import affected, inserted_id

_ADD_USER = insert(User)
_ADD_CONSENT = insert(Consent)
_ADD_FAILURE = insert(SignInFailure)
_ADD_SESSION = insert(Session)
_ADD_TOKEN = insert(RefreshToken)

_CREDENTIALS = (User.id, User.password_hash, User.user_type, User.is_active, User.locked_until)
_BY_EMAIL = select(*_CREDENTIALS).where(User.email == bindparam("of_email"))
_BY_ID = select(*_CREDENTIALS).where(User.id == bindparam("of_user"))
_HAS_EMAIL = select(User.number).where(User.email == bindparam("of_email"))
_HAS_USERNAME = select(User.number).where(User.username == bindparam("of_username"))
_CONTACTS = select(User.id, User.email, User.first_name, User.last_name, User.phone).where(
    User.id.in_(bindparam("of_users", expanding=True))
)
_KEPT_CONTACTS = _CONTACTS.where(User.erased_at.is_(None))
_MEMBER_SINCE = select(User.created_at).where(User.id == bindparam("of_user"))

_IS_OPEN_TO_SIGN_IN = or_(User.locked_until.is_(None), User.locked_until <= bindparam("moment"))
_COUNT_FAILURE = (
    update(User)
    .where(User.id == bindparam("of_user"), _IS_OPEN_TO_SIGN_IN)
    .values(failed_logins=User.failed_logins + 1)
)
_LOCK = (
    update(User)
    .where(User.id == bindparam("of_user"), User.failed_logins >= bindparam("enough"))
    .values(failed_logins=0, locked_until=bindparam("until"))
)
_ADMIT = (
    update(User)
    .where(User.id == bindparam("of_user"), User.is_active, _IS_OPEN_TO_SIGN_IN)
    .values(failed_logins=0, locked_until=None, last_login=bindparam("moment"))
)
_REPLACE_HASH = (
    update(User)
    .where(User.id == bindparam("of_user"), User.password_hash == bindparam("old"))
    .values(password_hash=bindparam("new"))
)
_FAILURES_FROM = select(func.count()).where(
    SignInFailure.ip_address == bindparam("address"),
    SignInFailure.created_at > bindparam("since"),
)
_FORGET_FAILURES = delete(SignInFailure).where(
    SignInFailure.ip_address == bindparam("address"),
    SignInFailure.created_at <= bindparam("since"),
)

_BY_DIGEST = (
    select(
        RefreshToken.session_id,
        Session.user_id,
        Session.ended_at,
        Session.expires_at,
        User.is_active,
    )
    .join(Session, Session.id == RefreshToken.session_id)
    .join(User, User.id == Session.user_id)
    .where(RefreshToken.digest == bindparam("of_digest"))
)
_SPEND = (
    update(RefreshToken)
    .where(RefreshToken.digest == bindparam("of_digest"), RefreshToken.spent_at.is_(None))
    .values(spent_at=bindparam("moment"))
)
_PROLONG = (
    update(Session)
    .where(Session.id == bindparam("of_session"), Session.ended_at.is_(None))
    .values(
        last_seen=bindparam("moment"),
        expires_at=bindparam("until"),
        ip_address=bindparam("address"),
        user_agent=bindparam("agent"),
    )
)
_END = (
    update(Session)
    .where(
        Session.id == bindparam("of_session"),
        Session.user_id == bindparam("of_user"),
        Session.ended_at.is_(None),
    )
    .values(ended_at=bindparam("moment"))
)
_END_ALL = (
    update(Session)
    .where(Session.user_id == bindparam("of_user"), Session.ended_at.is_(None))
    .values(ended_at=bindparam("moment"))
)
_END_OTHERS = _END_ALL.where(Session.id != bindparam("but_session"))

_EXPIRED = (
    select(Session.id)
    .where(Session.expires_at <= bindparam("moment"))
    .order_by(Session.id)
    .limit(bindparam("most"))
)
_DELETE_TOKENS = delete(RefreshToken).where(
    RefreshToken.session_id.in_(bindparam("of_sessions", expanding=True))
)
_DELETE_SESSIONS = delete(Session).where(Session.id.in_(bindparam("of_sessions", expanding=True)))
_DELETE_FAILURES = delete(SignInFailure).where(SignInFailure.created_at <= bindparam("since"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is decided by."""

    user_id: UUID
    password_hash: str
    user_type: UserType
    is_active: bool
    locked_until: datetime | None

    def is_locked(self, moment: datetime) -> bool:
        """Say whether the account is locked at `moment`."""
        return self.locked_until is not None and self.locked_until > moment


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A refresh token that we gave out, with the state of its session and user."""

    session_id: UUID
    user_id: UUID
    ended_at: datetime | None
    expires_at: datetime
    is_active: bool

    def is_usable(self, moment: datetime) -> bool:
        """Say whether its session goes on at `moment`."""
        return self.ended_at is None and self.expires_at > moment and self.is_active


@dataclass(frozen=True, slots=True)
class AccountRepository:
    """Users, what they agreed to, and the counters that guard their passwords."""

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> int:
        """Write a user and return their number; e-mail and user name are unique keys."""
        return await inserted_id(self.connection, _ADD_USER, dict(values))

    async def exists_email(self, email: str) -> bool:
        """Say whether an account has this e-mail."""
        return (await self.connection.execute(_HAS_EMAIL, {"of_email": email})).first() is not None

    async def exists_username(self, username: str | None) -> bool:
        """Say whether an account has this user name."""
        found = await self.connection.execute(_HAS_USERNAME, {"of_username": username})
        return found.first() is not None

    async def add_consent(self, values: Mapping[str, Any]) -> None:
        """Write down what a person accepted or declined."""
        await self.connection.execute(_ADD_CONSENT, dict(values))

    async def change(self, user_id: UUID, seen: datetime, values: Mapping[str, Any]) -> bool:
        """Set fields of a user who has not changed since `seen`."""
        statement = update(User).where(User.id == user_id, User.updated_at == seen).values(**values)
        return await affected(self.connection, statement) == 1

    async def contacts(self, user_ids: Iterable[UUID]) -> list[Contact]:
        """Return how to write to each of these users."""
        found = await self.connection.execute(_CONTACTS, {"of_users": list(user_ids)})
        return [Contact(*row) for row in found]

    async def kept_contacts(self, user_ids: Iterable[UUID]) -> list[Contact]:
        """Return how to write to those of these users whose accounts were not erased."""
        found = await self.connection.execute(_KEPT_CONTACTS, {"of_users": list(user_ids)})
        return [Contact(*row) for row in found]

    async def member_since(self, user_id: UUID) -> datetime | None:
        """Return when an account was made."""
        rows = await self.connection.execute(_MEMBER_SINCE, {"of_user": user_id})
        since: datetime | None = rows.scalar_one_or_none()
        return since

    async def find_by_email(self, email: str) -> Credentials | None:
        """Return what a sign-in with this e-mail is decided by."""
        row = (await self.connection.execute(_BY_EMAIL, {"of_email": email})).first()
        return Credentials(*row) if row else None

    async def find(self, user_id: UUID) -> Credentials | None:
        """Return what a sign-in of this user is decided by."""
        row = (await self.connection.execute(_BY_ID, {"of_user": user_id})).first()
        return Credentials(*row) if row else None

    async def count_failure(self, user_id: UUID, moment: datetime) -> bool:
        """Add one failure to an account, unless it is locked."""
        values = {"of_user": user_id, "moment": moment}
        return await affected(self.connection, _COUNT_FAILURE, **values) == 1

    async def lock(self, user_id: UUID, failures: int, until: datetime) -> bool:
        """Lock an account that has reached `failures`; the count begins anew after that."""
        values = {"of_user": user_id, "enough": failures, "until": until}
        return await affected(self.connection, _LOCK, **values) == 1

    async def admit(self, user_id: UUID, moment: datetime) -> bool:
        """Note a sign-in and forget the failures, unless the account is locked or suspended."""
        values = {"of_user": user_id, "moment": moment}
        return await affected(self.connection, _ADMIT, **values) == 1

    async def replace_hash(self, user_id: UUID, old: str, new: str) -> None:
        """Store a stronger hash of the same password, unless the password changed meanwhile."""
        values = {"of_user": user_id, "old": old, "new": new}
        await self.connection.execute(_REPLACE_HASH, values)

    async def failures_from(self, address: str, since: datetime) -> int:
        """Count the failed sign-ins from a network address after `since`."""
        values = {"address": address, "since": since}
        return int((await self.connection.execute(_FAILURES_FROM, values)).scalar_one())

    async def add_failure(self, address: str, moment: datetime, since: datetime) -> None:
        """Write down a failed sign-in from an address, and forget those from before `since`."""
        await self.connection.execute(_FORGET_FAILURES, {"address": address, "since": since})
        await self.connection.execute(_ADD_FAILURE, {"ip_address": address, "created_at": moment})

    async def purge_failures(self, since: datetime) -> None:
        """Delete the failed sign-ins from before `since`."""
        await affected(self.connection, _DELETE_FAILURES, since=since)


@dataclass(frozen=True, slots=True)
class SessionRepository:
    """Sessions and their refresh tokens.

    Always in this order, or two requests can wait for each other: spend a token, write its session,
    add a token (whose foreign key locks the session's row too).
    """

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write a session."""
        await self.connection.execute(_ADD_SESSION, dict(values))

    async def add_token(self, digest: str, session_id: UUID, moment: datetime) -> None:
        """Write down a refresh token that is given out."""
        values = {"digest": digest, "session_id": session_id, "created_at": moment}
        await self.connection.execute(_ADD_TOKEN, values)

    async def find_token(self, digest: str) -> GivenToken | None:
        """Return a refresh token, spent or not."""
        row = (await self.connection.execute(_BY_DIGEST, {"of_digest": digest})).first()
        return GivenToken(*row) if row else None

    async def spend(self, digest: str, moment: datetime) -> bool:
        """Use a refresh token up; of several who try, one succeeds."""
        values = {"of_digest": digest, "moment": moment}
        return await affected(self.connection, _SPEND, **values) == 1

    async def prolong(
        self, session_id: UUID, *, moment: datetime, until: datetime, address: str, agent: str
    ) -> bool:
        """Let a session that has not ended live until `until`."""
        values = {"moment": moment, "until": until, "address": address, "agent": agent}
        return await affected(self.connection, _PROLONG, of_session=session_id, **values) == 1

    async def end(self, session_id: UUID, user_id: UUID, moment: datetime) -> bool:
        """End one session of a user, if it has not ended."""
        values = {"of_session": session_id, "of_user": user_id, "moment": moment}
        return await affected(self.connection, _END, **values) == 1

    async def end_all(self, user_id: UUID, moment: datetime, but: UUID | None = None) -> int:
        """End the sessions of a user, all or all but one, and return how many there were."""
        values = {"of_user": user_id, "moment": moment}
        if but is None:
            return await affected(self.connection, _END_ALL, **values)
        return await affected(self.connection, _END_OTHERS, **values, but_session=but)

    async def purge_expired(self, moment: datetime, most: int) -> int:
        """Delete up to `most` sessions that had expired at `moment`, with their tokens."""
        found = await self.connection.execute(_EXPIRED, {"moment": moment, "most": most})
        ids = list(found.scalars())
        if ids:
            await affected(self.connection, _DELETE_TOKENS, of_sessions=ids)
            await affected(self.connection, _DELETE_SESSIONS, of_sessions=ids)
        return len(ids)
