"""SQL of outside providers. A sign-in that was begun is used by one statement: one caller wins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models.external import ExternalIdentity, ExternalSignIn
from mestore.accounts.models.users import User
from mestore.accounts.types.external import WaitingSignIn
from mestore.kernel.db import affected

_ADD = insert(ExternalIdentity)
_ADD_SIGN_IN = insert(ExternalSignIn)
_FIND = select(ExternalIdentity.id, ExternalIdentity.user_id).where(
    ExternalIdentity.provider == bindparam("of_provider"),
    ExternalIdentity.subject == bindparam("of_subject"),
)
_NOTE_USE = (
    update(ExternalIdentity)
    .where(ExternalIdentity.id == bindparam("of_id"))
    .values(last_used_at=bindparam("moment"))
)
_ACCOUNT = select(User.id, User.email_verified).where(User.email == bindparam("of_email"))
_REMOVE_ALL = delete(ExternalIdentity).where(ExternalIdentity.user_id == bindparam("of_user"))

_WAITING = select(
    ExternalSignIn.id, ExternalSignIn.provider, ExternalSignIn.redirect_uri, ExternalSignIn.sealed
).where(
    ExternalSignIn.digest == bindparam("of_digest"),
    ExternalSignIn.expires_at > bindparam("moment"),
)
_SPEND = delete(ExternalSignIn).where(ExternalSignIn.digest == bindparam("of_digest"))
_DELETE_EXPIRED = delete(ExternalSignIn).where(ExternalSignIn.expires_at <= bindparam("moment"))


@dataclass(frozen=True, slots=True)
class ExternalRepository:
    """Who users are to outside providers."""

    connection: AsyncConnection

    async def find(self, provider: str, subject: str) -> tuple[UUID, UUID] | None:
        """Return an identity and its user."""
        values = {"of_provider": provider, "of_subject": subject}
        row = (await self.connection.execute(_FIND, values)).first()
        return (row.id, row.user_id) if row else None

    async def find_account(self, email: str) -> tuple[UUID, bool] | None:
        """Return whose e-mail this is, and whether they proved it to us."""
        row = (await self.connection.execute(_ACCOUNT, {"of_email": email})).first()
        return (row.id, row.email_verified) if row else None

    async def add(self, values: Mapping[str, Any]) -> None:
        """Write an identity; provider and subject together are a unique key."""
        await self.connection.execute(_ADD, dict(values))

    async def note_use(self, identity_id: UUID, moment: datetime) -> None:
        """Note when an identity last signed in."""
        await affected(self.connection, _NOTE_USE, of_id=identity_id, moment=moment)

    async def remove_all(self, user_id: UUID) -> None:
        """Delete who a user is elsewhere."""
        await affected(self.connection, _REMOVE_ALL, of_user=user_id)

    async def add_sign_in(self, digest: str, waiting: WaitingSignIn, until: datetime) -> None:
        """Write down a sign-in that may come back until `until`."""
        values = {
            "id": waiting.id,
            "digest": digest,
            "provider": waiting.provider,
            "redirect_uri": waiting.redirect_uri,
            "sealed": waiting.sealed,
            "expires_at": until,
        }
        await self.connection.execute(_ADD_SIGN_IN, values)

    async def spend_sign_in(self, digest: str, moment: datetime) -> WaitingSignIn | None:
        """Use a sign-in up and return it; of several who try, one succeeds."""
        values = {"of_digest": digest, "moment": moment}
        row = (await self.connection.execute(_WAITING, values)).first()
        if row is None or not await affected(self.connection, _SPEND, of_digest=digest):
            return None
        return WaitingSignIn(*row)

    async def purge(self, moment: datetime) -> None:
        """Delete the sign-ins whose time is over at `moment`."""
        await affected(self.connection, _DELETE_EXPIRED, moment=moment)
