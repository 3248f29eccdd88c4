"""SQL that writes vendors' bank accounts, and the reads that writing needs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.db import affected
from mestore.payouts.models import PayoutAccount, PayoutRow
from mestore.payouts.types import AccountState, BankAccount, KeptAccount

_NAMES = tuple(each.name for each in fields(BankAccount))
_FIND = select(
    *(getattr(PayoutAccount, name) for name in _NAMES),
    PayoutAccount.state,
    PayoutAccount.usable_from,
).where(PayoutAccount.vendor_id == bindparam("of_vendor"))
_LOCKED = _FIND.with_for_update()
_ADD = insert(PayoutAccount)
_CHANGE = update(PayoutAccount).where(PayoutAccount.vendor_id == bindparam("of_vendor"))
_FORGET = delete(PayoutAccount).where(PayoutAccount.vendor_id == bindparam("of_vendor"))
_FORGET_CONTACT = (
    update(PayoutRow)
    .where(PayoutRow.vendor_id == bindparam("of_vendor"))
    .values(contact_email=None)
)


@dataclass(frozen=True, slots=True)
class AccountRepository:
    """The bank accounts of vendors."""

    connection: AsyncConnection

    async def find(self, vendor_id: UUID, *, held: bool = False) -> KeptAccount | None:
        """Return the account of a vendor; `held` keeps others from changing it meanwhile."""
        query = _LOCKED if held else _FIND
        row = (await self.connection.execute(query, {"of_vendor": vendor_id})).one_or_none()
        if row is None:
            return None
        *values, state, usable_from = row
        return KeptAccount(BankAccount(*values), state, usable_from)

    async def add(self, vendor_id: UUID, values: Mapping[str, Any]) -> None:
        """Write the first account of a vendor; the key is the vendor's."""
        await self.connection.execute(_ADD, {"vendor_id": vendor_id, **values})

    async def change(self, vendor_id: UUID, values: Mapping[str, Any]) -> None:
        """Set fields of a vendor's account."""
        await affected(self.connection, _CHANGE.values(**values), of_vendor=vendor_id)

    async def reject(self, vendor_id: UUID, account: BankAccount) -> None:
        """Note that a bank turned this account down, where it is still the vendor's."""
        change = _CHANGE.where(
            PayoutAccount.bank_code == account.bank_code,
            PayoutAccount.account_number == account.account_number,
        ).values(state=AccountState.REJECTED, updated_at=now())
        await affected(self.connection, change, of_vendor=vendor_id)

    async def forget(self, vendor_id: UUID) -> None:
        """Delete the account of a vendor, and the address that its payouts know."""
        await affected(self.connection, _FORGET, of_vendor=vendor_id)
        await affected(self.connection, _FORGET_CONTACT, of_vendor=vendor_id)
