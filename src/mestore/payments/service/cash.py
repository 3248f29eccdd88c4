"""Cash at counters of Efecty: vouchers are given out, what counters tell is written down once.

What is told goes into the inbox in the same transaction as its row, so that settling it is asked
for exactly as often as there is something to settle. Nothing is dropped: a payment that is late,
wrong, second or nobody's is written down like any other, and settling puts it into its queue.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.money import to_number
from mestore.payments.errors import (
    ConfirmationDiffers,
    GatewayUnavailable,
    OutcomeUnknown,
    VoucherLookedUpTooOften,
    VoucherNotFound,
)
from mestore.payments.repository import EfectyRepository
from mestore.payments.service.payments import PaymentService
from mestore.payments.types import Notice
from mestore.payments.vouchers import (
    EFECTY,
    CashPayment,
    CashSource,
    CashState,
    CashVoucher,
    EfectyPolicy,
    Validity,
    bare,
    expiry_of,
    reference_of,
)

log = structlog.get_logger(__name__)

LOOKUPS_A_MINUTE = 30
"""How many codes one network address may ask about in public."""

LONGEST_REFERENCE = 25
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """A voucher, and whether it can be paid now."""

    voucher: CashVoucher
    validity: Validity


@dataclass(frozen=True, slots=True)
class Told:
    """What a counter told, as it was written down: for which voucher, and whether it was news."""

    voucher: CashVoucher | None
    is_new: bool


class CashService:
    """The only writer of vouchers and of what counters tell."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.policy = tx.policy(EfectyPolicy)
        self.cash = EfectyRepository(tx.connection)

    async def issue(self, charge_reference: str, amount_minor: int) -> CashVoucher:
        """Give out the one voucher of a charge; a repeat returns the first one as it is."""
        created = now()
        row = {
            "charge_reference": charge_reference,
            "amount_minor": amount_minor,
            "expires_at": expiry_of(created, self.policy.expiry_hours),
            "created_at": created,
        }
        voucher_id = await self.cash.add_voucher(row)
        if voucher_id is not None:
            reference = reference_of(self.policy.prefix, voucher_id, self.policy.check_digit)
            await self.cash.number_voucher(voucher_id, reference, bare(reference))
        found = await self.cash.find_of_charge(charge_reference)
        if found is None:
            raise LookupError(charge_reference)
        return found

    async def end_vouchers(self, order_id: int) -> None:
        """Let no counter take money for an order any more; what was taken before is still told."""
        await self.cash.end_vouchers(order_id, now())

    async def confirm(self, payment: CashPayment, source: CashSource, body: bytes) -> Told:
        """Write down what a counter told, once.

        Raises `ConfirmationDiffers` where it was told with another amount, and for staff, who may
        mistype, `VoucherNotFound`; money that the network reports is kept whosever it is.
        """
        reference = bare(payment.reference)
        voucher = await self.cash.find_of_reference(reference)
        if voucher is None and source is CashSource.STAFF:
            raise VoucherNotFound
        row = {
            "voucher_id": voucher.id if voucher else None,
            "convenio": self.policy.convenio,
            "bare_reference": reference,
            "authorization": payment.authorization,
            "kind": payment.kind,
            "amount_minor": payment.amount_minor,
            "paid_at": payment.paid_at,
            "point": payment.point,
            "source": source,
            "created_at": now(),
        }
        if not await self.cash.add_payment(row):
            await self._check_repeat(reference, payment)
            return Told(voucher, is_new=False)
        charge_reference = voucher.charge_reference if voucher else None
        key = payment.event_key(self.policy.convenio)
        notice = Notice(key, payment.transaction_id, charge_reference)
        await PaymentService(self.tx).receive(EFECTY, notice, body)
        if source is CashSource.STAFF:
            self._record(payment)
        return Told(voucher, is_new=True)

    def _record(self, payment: CashPayment) -> None:
        after = {
            "kind": payment.kind,
            "amount_minor": payment.amount_minor,
            "paid_at": payment.paid_at.isoformat(),
            "point": payment.point,
        }
        subject_id = payment.transaction_id
        record(self.tx, Act.CASH_CONFIRMED, Subject.CASH_PAYMENT, subject_id, after=after)

    async def _check_repeat(self, reference: str, payment: CashPayment) -> None:
        told = await self.cash.told(self.policy.convenio, reference, payment)
        if told not in {None, payment.amount_minor}:
            log.error("cash_told_with_two_amounts", transaction=payment.transaction_id)
            raise ConfirmationDiffers(
                authorization=payment.authorization, told=to_number(told or 0)
            )

    async def count_lookup(self, address: str) -> None:
        """Count a question about a code from a network address.

        Raises `VoucherLookedUpTooOften` where there were too many within a minute.
        """
        digest, moment = hashlib.sha256(address.encode()).hexdigest(), now()
        if await self.cash.lookups_from(digest, moment - _MINUTE) >= LOOKUPS_A_MINUTE:
            raise VoucherLookedUpTooOften(retry_after=math.ceil(_MINUTE.total_seconds()))
        await self.cash.add_lookup(digest, moment, moment - _MINUTE)

    async def purge_lookups(self) -> None:
        """Forget who asked, once it does not count any more."""
        await self.cash.purge_lookups(now() - _MINUTE)


async def look_up(connection: AsyncConnection, reference: str) -> Looked:
    """Say whether a voucher can be paid now; raises `VoucherNotFound`."""
    if not reference.isascii() or not reference.isdigit() or len(reference) > LONGEST_REFERENCE:
        raise VoucherNotFound
    cash = EfectyRepository(connection)
    voucher = await cash.find_of_reference(bare(reference))
    if voucher is None:
        raise VoucherNotFound
    if await cash.is_paid(voucher.id):
        return Looked(voucher, Validity.ALREADY_PAID)
    is_over = now() > voucher.expires_at
    return Looked(voucher, Validity.EXPIRED if is_over else Validity.PAYABLE)


@dataclass(frozen=True, slots=True)
class CashBookInTables:
    """The port `CashBook` over our own tables, each call in a transaction of its own."""

    database: Database

    async def issue(self, charge_reference: str, amount_minor: int) -> CashVoucher:
        """Give out the voucher of a charge; whether a commit that failed took effect is unknown."""
        try:
            async with self.database.transaction() as tx:
                return await CashService(tx).issue(charge_reference, amount_minor)
        except DBAPIError as error:
            raise OutcomeUnknown("the voucher may be there") from error

    async def of_charge(self, charge_reference: str) -> CashState | None:
        """Return the voucher of a charge, and what was told of it."""
        async with self._reading() as cash:
            voucher = await cash.find_of_charge(charge_reference)
            if voucher is None:
                return None
            return CashState(voucher, tuple(await cash.all_payments(bare(voucher.reference))))

    async def of_reference(self, reference: str) -> CashState | None:
        """Return what is known of a reference."""
        async with self._reading() as cash:
            voucher = await cash.find_of_reference(bare(reference))
            payments = tuple(await cash.all_payments(bare(reference)))
        return CashState(voucher, payments) if voucher or payments else None

    async def between(self, since: datetime, until: datetime) -> list[CashState]:
        """Return the vouchers given out in a period, and payments told then that have none."""
        async with self._reading() as cash:
            vouchers = await cash.all_given_out(since, until)
            payments = await cash.all_of_given_out(since, until)
            nobodys = await cash.all_nobodys(since, until)
        told: defaultdict[int | None, list[CashPayment]] = defaultdict(list)
        for payment in payments:
            told[payment.voucher_id].append(payment)
        states = [CashState(voucher, tuple(told[voucher.id])) for voucher in vouchers]
        return states + [CashState(None, (payment,)) for payment in nobodys]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[EfectyRepository]:
        try:
            async with self.database.read() as connection:
                yield EfectyRepository(connection)
        except DBAPIError as error:
            raise GatewayUnavailable from error
