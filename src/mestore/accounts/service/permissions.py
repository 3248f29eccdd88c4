"""Permissions: granted to users beyond their role, revoked from it, and reset to it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from mestore.accounts.errors import (
    ExpiryInThePast,
    NotOnYourself,
    PermissionNotHeld,
    RoleTooHigh,
)
from mestore.accounts.repository import AccessRepository
from mestore.accounts.service.acts import record
from mestore.accounts.service.users import UserService
from mestore.accounts.types import (
    ROLE_PERMISSIONS,
    Activity,
    Caller,
    Device,
    Permission,
    UserType,
)
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.views import find_matrix
from mestore.kernel.clock import now
from mestore.kernel.db import Tx


async def change_permissions(
    tx: Tx,
    actor: Caller,
    user_id: UUID,
    *,
    grant: Mapping[Permission, datetime | None],
    revoke: Iterable[Permission],
    reset: Iterable[Permission],
    device: Device,
) -> None:
    """Change what a user may do beyond their role; nobody passes on what they do not have.

    Granting what the role gives, and revoking what it does not, is the same as a reset.
    """
    users = UserService(tx, actor, device)
    user = (await users.hold(user_id))[user_id]
    if user_id == actor.user_id:
        raise NotOnYourself()
    if user.user_type is UserType.SUPERUSER:
        raise RoleTooHigh()
    words = {*grant, *revoke, *reset}
    if missing := sorted(words - actor.permissions):
        raise PermissionNotHeld(permissions=", ".join(missing))
    moment = now()
    if any(until is not None and until <= moment for until in grant.values()):
        raise ExpiryInThePast()
    by_role = ROLE_PERMISSIONS[user.user_type]
    overrides = [(word, True, until) for word, until in grant.items() if word not in by_role]
    overrides += [(word, False, None) for word in revoke if word in by_role]
    rows = [
        {
            "user_id": user_id,
            "permission": word,
            "is_granted": is_granted,
            "expires_at": until,
            "set_by": actor.user_id,
            "set_at": moment,
        }
        for word, is_granted, until in sorted(overrides, key=lambda override: override[0])
    ]
    before = await _allowed(tx, user_id, moment)
    await AccessRepository(tx.connection).replace_permissions(user_id, words, rows)
    after = await _allowed(tx, user_id, moment)
    record(tx, Act.PERMISSIONS_CHANGED, Subject.USER, user_id, before=before, after=after)
    await users.note(
        user_id,
        Activity.PERMISSIONS_CHANGED,
        grant=sorted(grant),
        revoke=sorted(revoke),
        reset=sorted(reset),
    )


async def _allowed(tx: Tx, user_id: UUID, moment: datetime) -> dict[str, str]:
    """Return what a user may do, with how they came by it and until when."""
    found = await find_matrix(tx.connection, user_id, moment)
    lines = found[1] if found else []
    return {
        line.permission.value: f"{line.source.value} until {line.expires_at.isoformat()}"
        if line.expires_at
        else line.source.value
        for line in lines
    }
