"""Contacts: how to write to users, for the rooms that send messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.repository import AccountRepository
from mestore.accounts.types import Contact


@dataclass(frozen=True, slots=True)
class Contacts:
    """Looks up how to write to users, in one statement for all of them."""

    connection: AsyncConnection

    async def of(self, user_ids: Iterable[UUID]) -> dict[UUID, Contact]:
        """Return contacts by user id; who does not exist is left out."""
        wanted = sorted(set(user_ids))
        if not wanted:
            return {}
        found = await AccountRepository(self.connection).contacts(wanted)
        return {contact.user_id: contact for contact in found}

    async def reach(self, user_id: UUID) -> Contact | None:
        """Return the contact of a user; None of who was erased: that address leads nowhere.

        Who is suspended is written to all the same: it may be about their money or account.
        """
        for contact in await AccountRepository(self.connection).kept_contacts([user_id]):
            return contact
        return None

    async def member_since(self, user_id: UUID) -> datetime | None:
        """Return when an account was made."""
        return await AccountRepository(self.connection).member_since(user_id)
