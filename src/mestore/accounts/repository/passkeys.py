"""SQL of passkeys. Challenges and counters are used by conditional statements: one caller wins."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import Passkey, PasskeyChallenge, User
from mestore.accounts.types.passkeys import Ceremony
from mestore.kernel.db import affected

_ADD = insert(Passkey)
_ADD_CHALLENGE = insert(PasskeyChallenge)

_OF_USER = Passkey.user_id == bindparam("of_user")
_COUNT = select(func.count()).where(_OF_USER)
_CREDENTIALS = select(Passkey.credential_id).where(_OF_USER).order_by(Passkey.id)
_BY_DIGEST = select(Passkey.id, Passkey.user_id, Passkey.public_key, Passkey.sign_count).where(
    Passkey.digest == bindparam("of_digest")
)
_USER_OF = select(User.id).where(User.email == bindparam("of_email"))
_USE = (
    update(Passkey)
    .where(
        Passkey.id == bindparam("of_passkey"),
        # Authenticators without a counter always say zero (Web Authentication, section 6.1.1).
        or_(
            Passkey.sign_count < bindparam("count"),
            and_(Passkey.sign_count == 0, bindparam("count") == 0),
        ),
    )
    .values(sign_count=bindparam("count"), last_used_at=bindparam("moment"))
)
_DELETE_ALL = delete(Passkey).where(_OF_USER)
_DELETE = _DELETE_ALL.where(Passkey.id == bindparam("of_passkey"))

_CHALLENGE = select(PasskeyChallenge.ceremony, PasskeyChallenge.user_id).where(
    PasskeyChallenge.challenge == bindparam("of_challenge"),
    PasskeyChallenge.expires_at > bindparam("moment"),
)
_SPEND = delete(PasskeyChallenge).where(PasskeyChallenge.challenge == bindparam("of_challenge"))
_DELETE_CHALLENGES = delete(PasskeyChallenge).where(
    PasskeyChallenge.user_id == bindparam("of_user")
)
_DELETE_EXPIRED = delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= bindparam("moment"))


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """What a signature is checked by."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class GivenChallenge:
    """What a challenge was given out for, and to whom, where that is known."""

    ceremony: Ceremony
    user_id: UUID | None


@dataclass(frozen=True, slots=True)
class PasskeyRepository:
    """Passkeys, and the challenges that they answer."""

    connection: AsyncConnection

    async def add(self, credential_id: bytes, values: Mapping[str, Any]) -> None:
        """Write a passkey; its credential id is a unique key."""
        named = {"credential_id": credential_id, "digest": digest_of(credential_id)}
        await self.connection.execute(_ADD, {**values, **named})

    async def count(self, user_id: UUID) -> int:
        """Return how many passkeys a user has."""
        return int((await self.connection.execute(_COUNT, {"of_user": user_id})).scalar_one())

    async def credential_ids(self, user_id: UUID) -> list[bytes]:
        """Return the credential ids of a user's passkeys."""
        return list(await self.connection.scalars(_CREDENTIALS, {"of_user": user_id}))

    async def find(self, credential_id: bytes) -> StoredPasskey | None:
        """Return the passkey with this credential id."""
        values = {"of_digest": digest_of(credential_id)}
        row = (await self.connection.execute(_BY_DIGEST, values)).first()
        return StoredPasskey(*row) if row else None

    async def find_user(self, email: str) -> UUID | None:
        """Return whose e-mail this is."""
        return (await self.connection.execute(_USER_OF, {"of_email": email})).scalar()

    async def use(self, passkey_id: UUID, sign_count: int, moment: datetime) -> bool:
        """Note a use whose counter went on; an older or equal one is a copy's, or a replay."""
        values = {"of_passkey": passkey_id, "count": sign_count, "moment": moment}
        return await affected(self.connection, _USE, **values) == 1

    async def remove(self, passkey_id: UUID, user_id: UUID) -> bool:
        """Delete one passkey of a user."""
        values = {"of_passkey": passkey_id, "of_user": user_id}
        return await affected(self.connection, _DELETE, **values) == 1

    async def remove_all(self, user_id: UUID) -> None:
        """Delete a user's passkeys, and the challenges given to this user."""
        await affected(self.connection, _DELETE_ALL, of_user=user_id)
        await affected(self.connection, _DELETE_CHALLENGES, of_user=user_id)

    async def add_challenge(
        self, challenge: str, ceremony: Ceremony, user_id: UUID | None, expires_at: datetime
    ) -> None:
        """Write down a challenge that is given out until `expires_at`."""
        values = {
            "challenge": challenge,
            "ceremony": ceremony,
            "user_id": user_id,
            "expires_at": expires_at,
        }
        await self.connection.execute(_ADD_CHALLENGE, values)

    async def spend_challenge(self, challenge: str, moment: datetime) -> GivenChallenge | None:
        """Use a challenge up and return what it was for; of several who try, one succeeds."""
        values = {"of_challenge": challenge, "moment": moment}
        row = (await self.connection.execute(_CHALLENGE, values)).first()
        if row is None or not await affected(self.connection, _SPEND, of_challenge=challenge):
            return None
        return GivenChallenge(*row)

    async def purge_challenges(self, moment: datetime) -> None:
        """Delete those whose time is over at `moment`."""
        await affected(self.connection, _DELETE_EXPIRED, moment=moment)


def digest_of(credential_id: bytes) -> str:
    """Return the SHA-256 of a credential id, which may be longer than an index takes."""
    return hashlib.sha256(credential_id).hexdigest()
