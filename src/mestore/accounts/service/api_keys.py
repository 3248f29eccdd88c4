"""API keys: made and revoked by their owner, and read from requests."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mestore.accounts.errors import (
    ApiKeyNotFound,
    ExpiryInThePast,
    InvalidApiKey,
    PermissionNotHeld,
    TooManyApiKeys,
)
from mestore.accounts.repository import AccessRepository, ApiKeyRepository
from mestore.accounts.service.activity import ActivityLog
from mestore.accounts.service.acts import record
from mestore.accounts.types import Activity, Caller, Device, Permission, UserType
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.views import ApiKeyView, find_key_caller, key_prefix
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx, in_transaction
from mestore.kernel.errors import Forbidden
from mestore.kernel.ids import uuid7

KEY_START = "msk_"
MOST_KEYS = 20
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKeyService:
    """Makes and revokes the keys of one user."""

    tx: Tx

    async def add(
        self,
        caller: Caller,
        name: str,
        permissions: list[Permission],
        expires_at: datetime | None,
        device: Device,
    ) -> tuple[ApiKeyView, str]:
        """Return a new key and its text, which nobody can show again.

        Buyers have no keys; a key never has a permission that its owner lacks.
        """
        moment = now()
        if caller.user_type is UserType.BUYER:
            raise Forbidden()
        if missing := sorted(set(permissions) - caller.permissions):
            raise PermissionNotHeld(permissions=", ".join(missing))
        if expires_at is not None and expires_at <= moment:
            raise ExpiryInThePast()
        # The owner's row is held, so that two requests cannot both make the last key.
        await AccessRepository(self.tx.connection).lock_users([caller.user_id])
        keys = ApiKeyRepository(self.tx.connection)
        if await keys.count(caller.user_id, moment) >= MOST_KEYS:
            raise TooManyApiKeys(most=MOST_KEYS)
        key_id, secret = uuid7(), secrets.token_urlsafe(32)
        words = sorted(word.value for word in set(permissions))
        await keys.add(
            {
                "id": key_id,
                "user_id": caller.user_id,
                "name": name,
                "digest": _digest_of(secret),
                "permissions": words,
                "created_at": moment,
                "expires_at": expires_at,
            }
        )
        await ActivityLog(self.tx).add(
            caller.user_id, Activity.API_KEY_CREATED, device=device, name=name
        )
        after = {"name": name, "permissions": words, "expires_at": expires_at}
        record(self.tx, Act.API_KEY_CREATED, Subject.API_KEY, key_id, after=after)
        prefix = key_prefix(key_id)
        shown = ApiKeyView(key_id, name, prefix, words, moment, expires_at, None)
        return shown, f"{prefix}_{secret}"

    async def revoke(self, key_id: UUID, caller: Caller, device: Device) -> None:
        """Let a key of the caller stop working at once; one of somebody else is not found."""
        keys = ApiKeyRepository(self.tx.connection)
        if not await keys.revoke(key_id, caller.user_id, now()):
            raise ApiKeyNotFound()
        await ActivityLog(self.tx).add(
            caller.user_id, Activity.API_KEY_REVOKED, device=device, key_id=str(key_id)
        )
        record(self.tx, Act.API_KEY_REVOKED, Subject.API_KEY, key_id)


async def caller_of_key(database: Database, text: str) -> Caller:
    """Return who an API key speaks for; raises `InvalidApiKey` where it does not work now."""
    key_id, secret = _parts_of(text)
    moment = now()
    async with database.read() as connection:
        found = await find_key_caller(connection, key_id, _digest_of(secret), moment)
    if found is None:
        raise InvalidApiKey()
    before = moment - NOTED_EVERY
    is_due = found.last_used_at is None or found.last_used_at < before
    if is_due and not in_transaction():
        async with database.transaction() as tx:
            await ApiKeyRepository(tx.connection).note_use(key_id, before, moment)
    return found.caller


def _parts_of(text: str) -> tuple[UUID, str]:
    start, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    if f"{start}_" != KEY_START or len(key_id) != 32 or not secret.isascii():
        raise InvalidApiKey()
    try:
        return UUID(hex=key_id), secret
    except ValueError as error:
        raise InvalidApiKey() from error


def _digest_of(secret: str) -> str:
    """Return what is stored of a key; 32 random bytes need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
