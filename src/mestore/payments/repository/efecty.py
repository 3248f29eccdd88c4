"""Every SQL statement about vouchers of our own agreement and what counters told of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from mestore.kernel.db import affected, inserted_id, rows_of, unless_taken
from mestore.payments.models import (
    Attempt,
    EfectyCollection,
    EfectyPayment,
    EfectyVoucher,
    Payment,
    VoucherLookup,
)
from mestore.payments.repository.once import insert_once
from mestore.payments.types import PAID_STATUSES
from mestore.payments.vouchers import CashKind, CashPayment, CashVoucher

_VOUCHER = select(
    EfectyVoucher.id,
    EfectyVoucher.reference,
    EfectyVoucher.charge_reference,
    EfectyVoucher.amount_minor,
    EfectyVoucher.expires_at,
    EfectyVoucher.created_at,
)
_OF_CHARGE = _VOUCHER.where(EfectyVoucher.charge_reference == bindparam("charge_reference"))
_OF_REFERENCE = _VOUCHER.where(EfectyVoucher.bare_reference == bindparam("bare_reference"))
_GIVEN_OUT = _VOUCHER.where(
    EfectyVoucher.created_at >= bindparam("since"), EfectyVoucher.created_at < bindparam("until")
).order_by(EfectyVoucher.id)
_ADD_VOUCHER = insert(EfectyVoucher)
_NUMBER_VOUCHER = (
    update(EfectyVoucher)
    .where(EfectyVoucher.id == bindparam("of_id"))
    .values(reference=bindparam("new_reference"), bare_reference=bindparam("new_bare"))
)
_END_VOUCHERS = (
    update(EfectyVoucher)
    .where(
        EfectyVoucher.expires_at > bindparam("moment"),
        EfectyVoucher.charge_reference.in_(
            select(Attempt.reference)
            .join(Payment, Payment.id == Attempt.payment_id)
            .where(Payment.order_id == bindparam("of_order"))
        ),
    )
    .values(expires_at=bindparam("moment"))
)
_PAYMENT = select(
    EfectyPayment.bare_reference,
    EfectyPayment.authorization,
    EfectyPayment.kind,
    EfectyPayment.amount_minor,
    EfectyPayment.paid_at,
    EfectyPayment.point,
    EfectyPayment.voucher_id,
).order_by(EfectyPayment.id)
_PAYMENTS_OF = _PAYMENT.where(EfectyPayment.bare_reference == bindparam("bare_reference"))
_PAYMENTS_OF_GIVEN_OUT = _PAYMENT.join(
    EfectyVoucher, EfectyVoucher.id == EfectyPayment.voucher_id
).where(
    EfectyVoucher.created_at >= bindparam("since"), EfectyVoucher.created_at < bindparam("until")
)
_NOBODYS = _PAYMENT.where(
    EfectyPayment.voucher_id.is_(None),
    EfectyPayment.paid_at >= bindparam("since"),
    EfectyPayment.paid_at < bindparam("until"),
)
_TOLD = select(EfectyPayment.amount_minor).where(
    EfectyPayment.convenio == bindparam("convenio"),
    EfectyPayment.bare_reference == bindparam("bare_reference"),
    EfectyPayment.authorization == bindparam("authorization"),
    EfectyPayment.kind == bindparam("kind"),
)
_ADD_PAYMENT = insert(EfectyPayment)
_ANNULMENT = aliased(EfectyPayment)
_HAS_MONEY = exists().where(
    EfectyPayment.voucher_id == EfectyVoucher.id,
    EfectyPayment.kind == CashKind.PAID,
    ~exists().where(
        _ANNULMENT.bare_reference == EfectyPayment.bare_reference,
        _ANNULMENT.authorization == EfectyPayment.authorization,
        _ANNULMENT.kind == CashKind.ANNULLED,
    ),
)
_IS_PAID = (
    select(case((or_(Payment.status.in_(PAID_STATUSES), _HAS_MONEY), 1), else_=0))
    .select_from(EfectyVoucher)
    .outerjoin(Attempt, Attempt.reference == EfectyVoucher.charge_reference)
    .outerjoin(Payment, Payment.id == Attempt.payment_id)
    .where(EfectyVoucher.id == bindparam("voucher_id"))
)
_COLLECTION = select(EfectyCollection.created_at).where(
    EfectyCollection.digest == bindparam("digest")
)
_ADD_COLLECTION = insert(EfectyCollection)
_FORGET_LOOKUPS = delete(VoucherLookup).where(
    VoucherLookup.address == bindparam("of_address"),
    VoucherLookup.created_at < bindparam("since"),
)
_ADD_LOOKUP = insert(VoucherLookup)
_LOOKUPS = select(func.count()).where(
    VoucherLookup.address == bindparam("address"), VoucherLookup.created_at >= bindparam("since")
)
_PURGE_LOOKUPS = delete(VoucherLookup).where(VoucherLookup.created_at < bindparam("since"))


@dataclass(frozen=True, slots=True)
class EfectyRepository:
    """Vouchers, payments at counters, collection files, and who asked about codes."""

    connection: AsyncConnection

    async def add_voucher(self, row: Mapping[str, Any]) -> int | None:
        """Write a voucher and return its id; None where its charge has one."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, _ADD_VOUCHER, row)
        return None

    async def number_voucher(self, voucher_id: int, reference: str, bare_reference: str) -> None:
        """Give a new voucher its reference."""
        values = {"of_id": voucher_id, "new_reference": reference, "new_bare": bare_reference}
        await affected(self.connection, _NUMBER_VOUCHER, **values)

    async def end_vouchers(self, order_id: int, moment: datetime) -> None:
        """Let the vouchers of an order end now."""
        await affected(self.connection, _END_VOUCHERS, of_order=order_id, moment=moment)

    async def find_of_charge(self, charge_reference: str) -> CashVoucher | None:
        """Return the voucher of a charge."""
        rows = await rows_of(self.connection, _OF_CHARGE, charge_reference=charge_reference)
        return CashVoucher(*rows[0]) if rows else None

    async def find_of_reference(self, bare_reference: str) -> CashVoucher | None:
        """Return the voucher with a reference, leading zeros apart."""
        rows = await rows_of(self.connection, _OF_REFERENCE, bare_reference=bare_reference)
        return CashVoucher(*rows[0]) if rows else None

    async def all_given_out(self, since: datetime, until: datetime) -> list[CashVoucher]:
        """Return the vouchers of a period, the oldest first."""
        rows = await rows_of(self.connection, _GIVEN_OUT, since=since, until=until)
        return [CashVoucher(*row) for row in rows]

    async def all_payments(self, bare_reference: str) -> list[CashPayment]:
        """Return what was told of a reference, in the order in which it came."""
        rows = await rows_of(self.connection, _PAYMENTS_OF, bare_reference=bare_reference)
        return [CashPayment(*row) for row in rows]

    async def all_of_given_out(self, since: datetime, until: datetime) -> list[CashPayment]:
        """Return what was told of the vouchers of a period."""
        rows = await rows_of(self.connection, _PAYMENTS_OF_GIVEN_OUT, since=since, until=until)
        return [CashPayment(*row) for row in rows]

    async def all_nobodys(self, since: datetime, until: datetime) -> list[CashPayment]:
        """Return payments of a period whose reference no voucher has."""
        rows = await rows_of(self.connection, _NOBODYS, since=since, until=until)
        return [CashPayment(*row) for row in rows]

    async def add_payment(self, row: Mapping[str, Any]) -> bool:
        """Write what a counter told; False where it was told before."""
        return await insert_once(self.connection, _ADD_PAYMENT, row)

    async def told(self, convenio: str, bare_reference: str, payment: CashPayment) -> int | None:
        """Return the amount under which this was told before."""
        rows = await rows_of(
            self.connection,
            _TOLD,
            convenio=convenio,
            bare_reference=bare_reference,
            authorization=payment.authorization,
            kind=payment.kind,
        )
        return int(rows[0][0]) if rows else None

    async def is_paid(self, voucher_id: int) -> bool:
        """Say whether a counter took the money, or the order was paid in another way."""
        rows = await rows_of(self.connection, _IS_PAID, voucher_id=voucher_id)
        return bool(rows and rows[0][0])

    async def find_collection(self, digest: str) -> datetime | None:
        """Return when this very file was posted."""
        rows = await rows_of(self.connection, _COLLECTION, digest=digest)
        return rows[0][0] if rows else None

    async def add_collection(self, row: Mapping[str, Any]) -> int | None:
        """Write down a file that was posted; None where it was there before."""
        async with unless_taken(self.connection):
            return await inserted_id(self.connection, _ADD_COLLECTION, row)
        return None

    async def lookups_from(self, address: str, since: datetime) -> int:
        """Count the codes asked about from an address since then."""
        rows = await rows_of(self.connection, _LOOKUPS, address=address, since=since)
        return int(rows[0][0])

    async def add_lookup(self, address: str, moment: datetime, since: datetime) -> None:
        """Write down that an address asked, and forget what it asked before `since`."""
        await affected(self.connection, _FORGET_LOOKUPS, of_address=address, since=since)
        await self.connection.execute(_ADD_LOOKUP, {"address": address, "created_at": moment})

    async def purge_lookups(self, since: datetime) -> None:
        """Forget who asked before `since`."""
        await affected(self.connection, _PURGE_LOOKUPS, since=since)
