"""Accounts: adds users, changes their profiles, and records what they agreed to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from mestore.accounts.errors import EmailTaken, UsernameTaken
from mestore.accounts.events import UserRegistered
from mestore.accounts.repository import AccountRepository
from mestore.accounts.types import Document, NewUser, SignInPolicy, Terms, UserProfile
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import LostRace, Refusal
from mestore.kernel.ids import uuid7


class AccountService:
    """Adds users and changes their profiles."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.accounts = AccountRepository(tx.connection)
        self.policy = tx.policy(SignInPolicy)

    async def add_user(
        self, new: NewUser, *, password_hash: str, ip_address: str, terms: Terms | None = None
    ) -> UserProfile:
        """Add an active user, with the consents that were given; a taken e-mail is refused."""
        moment = now()
        user_id = uuid7()
        shown: dict[str, Any] = {
            "id": user_id,
            "email": new.email,
            "username": new.username,
            "first_name": new.first_name,
            "last_name": new.last_name,
            "phone": new.phone,
            "company": new.company,
            "user_type": new.user_type,
            "is_active": True,
            "email_verified": False,
            "phone_verified": False,
            "mfa_enabled": False,
            "marketing_consent": bool(new.marketing_consent),
            "created_at": moment,
            "last_login": None,
        }
        hidden = {
            "password_hash": password_hash,
            "failed_logins": 0,
            "locked_until": None,
            "updated_at": moment,
        }
        number = await self._add_once(shown | hidden)
        if terms:
            await self._record(user_id, terms.document, terms.version, True, ip_address)
        if new.marketing_consent is not None:
            await self._record_marketing(user_id, new.marketing_consent, ip_address)
        self.tx.publish(UserRegistered(user_id))
        return UserProfile(number=number, **shown)

    async def get(self, user_id: UUID) -> tuple[UserProfile, datetime]:
        """Return a user who exists, and when they last changed."""
        return await get_profile(self.tx.connection, user_id)

    async def update_profile(
        self, user: UserProfile, changes: Mapping[str, Any], *, seen: datetime, ip_address: str
    ) -> None:
        """Change fields of a user as of `seen`; a changed e-mail or phone becomes unverified."""
        news = {name: to for name, to in changes.items() if getattr(user, name) != to}
        if not news:
            return
        unverified = {f"{name}_verified": False for name in ("email", "phone") if name in news}
        values = news | unverified | {"updated_at": now()}
        try:
            async with self.tx.connection.begin_nested():
                written = await self.accounts.change(user.id, seen, values)
        except DBAPIError as error:
            if taken := await self._find_taken(error, news):
                raise taken from error
            raise
        if not written:
            raise LostRace()
        if "marketing_consent" in news:
            await self._record_marketing(user.id, news["marketing_consent"], ip_address)

    async def _add_once(self, values: Mapping[str, Any]) -> int:
        try:
            async with self.tx.connection.begin_nested():
                return await self.accounts.add(values)
        except DBAPIError as error:
            if taken := await self._find_taken(error, values):
                raise taken from error
            raise

    async def _find_taken(self, error: DBAPIError, values: Mapping[str, Any]) -> Refusal | None:
        """Return which of the unique fields is taken, if that is what the error says."""
        if fault_of(error) is not Fault.UNIQUE:
            return None
        if "email" in values and await self.accounts.exists_email(values["email"]):
            return EmailTaken()
        if "username" in values and await self.accounts.exists_username(values["username"]):
            return UsernameTaken()
        return None

    async def _record_marketing(self, user_id: UUID, given: bool, ip_address: str) -> None:
        version = self.policy.terms_version
        await self._record(user_id, Document.MARKETING, version, given, ip_address)

    async def _record(
        self, user_id: UUID, document: Document, version: str, given: bool, ip_address: str
    ) -> None:
        await self.accounts.add_consent(
            {
                "user_id": user_id,
                "document": document,
                "version": version,
                "is_given": given,
                "ip_address": ip_address,
                "created_at": now(),
            }
        )
