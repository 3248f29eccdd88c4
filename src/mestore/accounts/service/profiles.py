"""Profiles: what users say of themselves, and the account behind it, changed as one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from mestore.accounts.errors import UserNotFound
from mestore.accounts.repository import AccessRepository, AccountRepository
from mestore.accounts.service.accounts import AccountService
from mestore.accounts.service.activity import ActivityLog
from mestore.accounts.service.acts import is_by_operator, record
from mestore.accounts.types import PAGE_FIELDS, Activity, Device, UserDetails
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.views import find_details
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace


class ProfileService:
    """Changes a user together with their personal page; one version counts for both."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx

    async def get(self, user_id: UUID) -> tuple[UserDetails, datetime]:
        """Return a user and when they last changed; an unknown one is refused."""
        if found := await find_details(self.tx.connection, user_id):
            return found
        raise UserNotFound()

    async def update(
        self,
        user: UserDetails,
        changes: Mapping[str, Any],
        *,
        seen: datetime,
        device: Device,
        actor_id: UUID | None = None,
    ) -> None:
        """Change fields of a user as of `seen`; who changed meanwhile is a lost race."""
        news = {name: to for name, to in changes.items() if getattr(user, name) != to}
        if not news:
            return
        page = {name: to for name, to in news.items() if name in PAGE_FIELDS}
        account = {name: to for name, to in news.items() if name not in PAGE_FIELDS}
        if account:
            await AccountService(self.tx).update_profile(
                user, account, seen=seen, ip_address=device.ip_address
            )
        elif not await AccountRepository(self.tx.connection).change(
            user.id, seen, {"updated_at": now()}
        ):
            raise LostRace()
        if page:
            await AccessRepository(self.tx.connection).save_page(user.id, page)
        if is_by_operator(user.id):
            before = {name: getattr(user, name) for name in news}
            record(self.tx, Act.USER_EDITED, Subject.USER, user.id, before=before, after=news)
        await ActivityLog(self.tx).add(
            user.id,
            Activity.PROFILE_CHANGED,
            device=device,
            actor_id=actor_id,
            fields=sorted(news),
        )
