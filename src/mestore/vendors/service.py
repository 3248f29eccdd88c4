"""Vendors: register, change their profiles, and are approved or suspended by the operator."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.accounts import AccountService
from mestore.accounts.service.acts import is_by_operator, record
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.types import Device, Document, NewUser, OpenedSession, Terms
from mestore.accounts.types.acts import Act, Actor, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7
from mestore.vendors.errors import NitTaken, NotAVendor, VendorNotFound
from mestore.vendors.events import VendorApproved, VendorSuspended
from mestore.vendors.repository import VendorRepository
from mestore.vendors.types import (
    NewVendor,
    OwnVendor,
    RegisteredVendor,
    SellingVendor,
    VendorPolicy,
    VendorStatus,
)
from mestore.vendors.views import find_vendor


class VendorService:
    """Adds vendors, changes their profiles, and decides who may sell."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.vendors = VendorRepository(tx.connection)
        self.policy = tx.policy(VendorPolicy)

    async def add(self, user_id: UUID, new: NewVendor) -> UUID:
        """Add the shop of a user, approved or pending as the operator chose, and return its id."""
        moment = now()
        vendor_id = uuid7()
        values = {field.name: getattr(new, field.name) for field in fields(new)}
        values |= {
            "id": vendor_id,
            "user_id": user_id,
            "status": VendorStatus.APPROVED if self.policy.auto_approve else VendorStatus.PENDING,
            "is_trusted": False,
            "created_at": moment,
            "updated_at": moment,
        }
        try:
            async with self.tx.connection.begin_nested():
                await self.vendors.add(values)
        except DBAPIError as error:
            if fault_of(error) is Fault.UNIQUE and await self.vendors.exists_nit(new.nit):
                raise NitTaken() from error
            raise
        if self.policy.auto_approve:
            self.tx.publish(VendorApproved(vendor_id))
        return vendor_id

    async def get(self, vendor_id: UUID) -> SellingVendor:
        """Return a vendor in any status; an unknown one is refused."""
        if vendor := await self.vendors.find(vendor_id):
            return vendor
        raise VendorNotFound()

    async def of_user(self, user_id: UUID) -> SellingVendor:
        """Return the vendor that a user owns; a user without one is refused."""
        return await vendor_of(self.tx.connection, user_id)

    async def profile(self, vendor_id: UUID) -> OwnVendor:
        """Return a vendor as its owner sees it; an unknown one is refused."""
        if vendor := await find_vendor(self.tx.connection, vendor_id):
            return vendor
        raise VendorNotFound()

    async def update_profile(self, vendor_id: UUID, changes: Mapping[str, Any]) -> OwnVendor:
        """Change the given fields of a vendor that exists."""
        shown = await self.profile(vendor_id)
        if is_by_operator(shown.user_id):
            before = {name: getattr(shown, name) for name in changes}
            record(
                self.tx, Act.VENDOR_EDITED, Subject.VENDOR, vendor_id, before=before, after=changes
            )
        await self.vendors.change(vendor_id, {**changes, "updated_at": now()})
        self.tx.touch(f"vendor:{vendor_id}")
        return await self.profile(vendor_id)

    async def approve(self, vendor_id: UUID) -> OwnVendor:
        """Let a vendor sell; one who may already is left alone."""
        before = await self.get(vendor_id)
        if await self._move(vendor_id, VendorStatus.APPROVED):
            self.tx.publish(VendorApproved(vendor_id))
            self._record(Act.VENDOR_APPROVED, before, VendorStatus.APPROVED)
        return await self.profile(vendor_id)

    async def suspend(self, vendor_id: UUID, reason: str | None) -> OwnVendor:
        """Stop a vendor from selling; one who may not already is left alone."""
        before = await self.get(vendor_id)
        if await self._move(vendor_id, VendorStatus.SUSPENDED):
            self.tx.publish(VendorSuspended(vendor_id, reason))
            self._record(Act.VENDOR_SUSPENDED, before, VendorStatus.SUSPENDED, reason)
        return await self.profile(vendor_id)

    def _record(
        self, act: Act, before: SellingVendor, status: VendorStatus, reason: str | None = None
    ) -> None:
        after = {"status": status} | ({"reason": reason} if reason else {})
        state = {"status": before.status}
        record(self.tx, act, Subject.VENDOR, before.id, before=state, after=after)

    async def _move(self, vendor_id: UUID, to: VendorStatus) -> bool:
        moved = await self.vendors.move(vendor_id, to, now())
        if moved:
            self.tx.touch(f"vendor:{vendor_id}")
        return moved


async def vendor_of(connection: AsyncConnection, user_id: UUID) -> SellingVendor:
    """Return the vendor that a user owns; a user without one is refused."""
    if vendor := await find_vendor_of(connection, user_id):
        return vendor
    raise NotAVendor()


async def find_vendor_of(connection: AsyncConnection, user_id: UUID) -> SellingVendor | None:
    """Return the vendor that a user owns, or None."""
    return await VendorRepository(connection).find_of_user(user_id)


async def vendor_with(connection: AsyncConnection, vendor_id: UUID) -> SellingVendor:
    """Return a vendor in any status; an unknown one is refused."""
    if vendor := await VendorRepository(connection).find(vendor_id):
        return vendor
    raise VendorNotFound()


async def register(
    database: Database,
    passwords: Passwords,
    person: NewUser,
    password: str,
    business: NewVendor,
    device: Device,
    guest_session: str | None = None,
) -> RegisteredVendor:
    """Add a person with their shop, and sign them in; all or nothing."""
    password_hash = await passwords.hash(password)
    async with database.transaction() as tx:
        vendors = VendorService(tx)
        user = await AccountService(tx).add_user(
            person,
            password_hash=password_hash,
            ip_address=device.ip_address,
            terms=Terms(Document.VENDOR_TERMS, vendors.policy.terms_version),
        )
        vendor_id = await vendors.add(user.id, business)
        actor = Actor(user.id, user.user_type)
        record(tx, Act.REGISTERED, Subject.USER, user.id, actor=actor)
        opened = await SessionService(tx).open(user, device, guest_session)
        vendor = await vendors.profile(vendor_id)
    session = {field.name: getattr(opened, field.name) for field in fields(OpenedSession)}
    return RegisteredVendor(**session, vendor=vendor)
