"""Bank accounts of vendors: named by their owners, on hold after a change, turned down by banks."""

from dataclasses import asdict
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.payouts.errors import HolderMismatch
from mestore.payouts.events import BankAccountChanged
from mestore.payouts.repository.accounts import AccountRepository
from mestore.payouts.types import AccountState, BankAccount, DocumentType, PayoutPolicy
from mestore.vendors.errors import NotAVendor
from mestore.vendors.service import VendorService


async def name_account(tx: Tx, vendor_id: UUID, account: BankAccount) -> None:
    """Keep a vendor's bank account; every one but the first takes money after the hold alone.

    The same account again changes nothing, and is taken again where a bank had turned it down.
    """
    shop = await VendorService(tx).profile(vendor_id)
    _check_holder(account, shop.nit)
    accounts = AccountRepository(tx.connection)
    kept = await accounts.find(vendor_id, held=True)
    moment = now()
    fresh = {"state": AccountState.ACTIVE, "updated_at": moment}
    if kept is not None and kept.account == account:
        if kept.state is not AccountState.ACTIVE:
            await accounts.change(vendor_id, fresh)
        return
    values = {**asdict(account), **fresh}
    if kept is None:
        usable_from = moment
        values |= {"usable_from": usable_from, "created_at": moment}
        await accounts.add(vendor_id, values)
    else:
        usable_from = moment + tx.policy(PayoutPolicy).account_hold
        await accounts.change(vendor_id, {**values, "usable_from": usable_from})
    ends_in = account.account_number[-4:]
    before = _told(kept.account) if kept else None
    act, after = Act.PAYOUT_ACCOUNT_NAMED, _told(account)
    record(tx, act, Subject.VENDOR, vendor_id, before=before, after=after)
    tx.publish(BankAccountChanged(vendor_id, ends_in, moment, usable_from))


async def forget_account(tx: Tx, user_id: UUID) -> None:
    """Delete the bank account of an erased owner; payouts keep theirs, as books have to."""
    try:
        vendor = await VendorService(tx).of_user(user_id)
    except NotAVendor:
        return
    await AccountRepository(tx.connection).forget(vendor.id)


def _check_holder(account: BankAccount, nit: str | None) -> None:
    """Refuse somebody else's account; a person's NIT is the cédula with a check digit."""
    if nit is None:
        return
    own = {(DocumentType.NIT, nit), (DocumentType.CC, nit.partition("-")[0])}
    if (account.document_type, account.document_number) not in own:
        raise HolderMismatch(nit=nit)


def _told(account: BankAccount) -> dict[str, str]:
    return {"bank_code": account.bank_code, "ends_in": account.account_number[-4:]}
