"""Asking for a payout: the money leaves what is available in the same transaction."""

from dataclasses import asdict
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.service.contacts import Contacts
from mestore.accounts.types.acts import Act, Subject
from mestore.earnings.service import EarningsService
from mestore.kernel.clock import BOGOTA, now, today_in_bogota
from mestore.kernel.db import Tx
from mestore.kernel.ids import uuid7
from mestore.kernel.money import CURRENCY, to_number
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    EntryKind,
    Posting,
    vendor_available_account,
    vendor_payout_account,
)
from mestore.payouts.banks import BANKS
from mestore.payouts.errors import (
    BankAccountOnHold,
    BankAccountRejected,
    BelowMinimum,
    InsufficientBalance,
    NegativeBalance,
    NoBankAccount,
    VendorSuspended,
    WalletFull,
)
from mestore.payouts.events import PayoutRequested
from mestore.payouts.repository.accounts import AccountRepository
from mestore.payouts.repository.payouts import PayoutRepository
from mestore.payouts.types import AccountState, BankAccount, PayoutPolicy, PayoutState
from mestore.vendors.types import SellingVendor, VendorStatus


async def request_payout(
    tx: Tx, vendor: SellingVendor, amount_minor: int | None, requested_by: UUID | None
) -> UUID:
    """Write a payout of an amount, or of all that is available, and return its id.

    To a wallet goes no more in a month than it may take; what is over that stays available.
    The vendor's balance is locked first, so that two requests never draw the same money.
    """
    if vendor.status is VendorStatus.SUSPENDED:
        raise VendorSuspended
    ledger = LedgerService(tx)
    await ledger.lock_vendors([vendor.id])
    available = await EarningsService(tx).available(vendor.id)
    if available < 0:
        raise NegativeBalance(available=to_number(available))
    account = await _usable_account(tx, vendor.id)
    room = await _room(tx, vendor.id, account)
    amount = _checked(tx.policy(PayoutPolicy), amount_minor, available, room)
    contacts = await Contacts(tx.connection).of([vendor.user_id])
    moment, payout_id = now(), uuid7()
    row = {
        "id": payout_id,
        "vendor_id": vendor.id,
        "amount_minor": amount,
        "currency": CURRENCY,
        "state": PayoutState.REQUESTED,
        "account": _snapshot(account),
        "contact_email": contacts[vendor.user_id].email,
        "reference": f"PO-{payout_id.hex}",
        "approvals": 0,
        "requested_by": requested_by,
        "created_at": moment,
        "updated_at": moment,
    }
    await PayoutRepository(tx.connection).add(row)
    postings = [
        Posting(vendor_available_account(vendor.id), amount),
        Posting(vendor_payout_account(vendor.id), -amount),
    ]
    key = f"payout:{payout_id}:requested"
    await ledger.transfer(EntryKind.PAYOUT, key, None, CURRENCY, postings)
    after = {"amount_minor": amount, "state": PayoutState.REQUESTED}
    record(tx, Act.PAYOUT_REQUESTED, Subject.PAYOUT, payout_id, after=after)
    tx.publish(PayoutRequested(payout_id, vendor.id, amount))
    return payout_id


async def _usable_account(tx: Tx, vendor_id: UUID) -> BankAccount:
    kept = await AccountRepository(tx.connection).find(vendor_id)
    if kept is None:
        raise NoBankAccount
    if kept.state is not AccountState.ACTIVE:
        raise BankAccountRejected
    if kept.usable_from > now():
        local = kept.usable_from.astimezone(BOGOTA)
        raise BankAccountOnHold(usable_from=local.isoformat(timespec="seconds"))
    return kept.account


async def _room(tx: Tx, vendor_id: UUID, account: BankAccount) -> int | None:
    """Return what more the account may take this month; None where nothing limits that."""
    maximum = tx.policy(PayoutPolicy).wallet_maximum_minor
    if not maximum or not account.is_low_value:
        return None
    month = datetime.combine(today_in_bogota().replace(day=1), time(), BOGOTA).astimezone(UTC)
    drawn = await PayoutRepository(tx.connection).since(vendor_id, month)
    here = account.bank_code, account.account_number
    return max(0, maximum - sum(m for to, m in drawn if (to.bank_code, to.account_number) == here))


def _checked(
    policy: PayoutPolicy, wanted_minor: int | None, available_minor: int, room_minor: int | None
) -> int:
    """Return the amount to pay; raises where it is too much or too little."""
    amount = available_minor if wanted_minor is None else wanted_minor
    if amount > available_minor:
        raise InsufficientBalance(available=to_number(available_minor))
    if room_minor is not None and amount > room_minor:
        if wanted_minor is not None or room_minor < max(1, policy.minimum_minor):
            raise WalletFull(left=to_number(room_minor))
        amount = room_minor
    if amount < max(1, policy.minimum_minor):
        raise BelowMinimum(
            minimum=to_number(policy.minimum_minor), available=to_number(available_minor)
        )
    return amount


def _snapshot(account: BankAccount) -> dict[str, Any]:
    return {**asdict(account), "bank_name": BANKS.get(account.bank_code, account.bank_code)}
