"""What users see of their passkeys."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.models import Passkey
from mestore.accounts.types.passkeys import PasskeyView

_PASSKEYS = (
    select(Passkey.id, Passkey.name, Passkey.transports, Passkey.created_at, Passkey.last_used_at)
    .where(Passkey.user_id == bindparam("of_user"))
    .order_by(Passkey.id)
)


async def all_passkeys(connection: AsyncConnection, user_id: UUID) -> list[PasskeyView]:
    """Return a user's passkeys, the oldest first."""
    rows = await connection.execute(_PASSKEYS, {"of_user": user_id})
    return [PasskeyView(*row) for row in rows]
