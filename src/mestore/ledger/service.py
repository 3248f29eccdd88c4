"""The ledger posts each business fact once, as an entry whose lines add up to zero."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from mestore.kernel.db import Tx
from mestore.ledger.errors import Unbalanced
from mestore.ledger.repository import LedgerRepository
from mestore.ledger.types import (
    ADJUSTMENTS,
    COMMISSION_INCOME,
    COMMISSION_TAX,
    GATEWAY_FEES,
    SHIPPING_INCOME,
    UNAPPLIED,
    WITHHELD_TAX,
    WRITTEN_OFF,
    EntryKind,
    Posting,
    RefundShare,
    UnappliedEnd,
    VendorShare,
    gateway_account,
    release_key,
    settled_account,
    vendor_available_account,
    vendor_pending_account,
)


class LedgerService:
    """The posting templates. Amounts are minor units; debits are positive, credits negative."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.ledger = LedgerRepository(tx.connection)

    async def post_sale(
        self,
        order_id: int,
        gateway: str,
        shares: Sequence[VendorShare],
        shipping_minor: int,
        currency: str,
    ) -> None:
        """Post that a gateway took an order's money, and what the operator keeps of it.

        Each vendor is owed the gross of its lines; the commission and its IVA are taken from that.
        """
        total = sum(share.gross_minor for share in shares) + shipping_minor
        capture = [Posting(gateway_account(gateway), total)]
        commission: list[Posting] = []
        for share in shares:
            vendor = vendor_pending_account(share.vendor_id)
            capture.append(Posting(vendor, -share.gross_minor))
            kept = share.commission_minor + share.commission_tax_minor
            commission += [
                Posting(vendor, kept),
                Posting(COMMISSION_INCOME, -share.commission_minor),
                Posting(COMMISSION_TAX, -share.commission_tax_minor),
            ]
        capture.append(Posting(SHIPPING_INCOME, -shipping_minor))
        # All are opened in one order, and what `lock_vendors` takes is there before it is locked:
        # rivals would deadlock over new accounts.
        drawn = [vendor_available_account(share.vendor_id) for share in shares]
        posted = [posting.account for posting in (*capture, *commission)]
        await self.ledger.account_ids([*drawn, *posted])
        await self._post(EntryKind.CAPTURE, f"capture:{order_id}", order_id, currency, capture)
        await self._post(
            EntryKind.COMMISSION, f"commission:{order_id}", order_id, currency, commission
        )

    async def post_unapplied(
        self,
        gateway: str,
        transaction_id: str,
        order_id: int | None,
        amount_minor: int,
        currency: str,
    ) -> None:
        """Post money that a gateway took and that no order can have; a repeat changes nothing."""
        key = f"unapplied:{gateway}:{transaction_id}"
        if await self.ledger.exists_entry(key):
            return
        postings = [
            Posting(gateway_account(gateway), amount_minor),
            Posting(UNAPPLIED, -amount_minor),
        ]
        await self._post(EntryKind.UNAPPLIED, key, order_id, currency, postings)

    async def post_refund(
        self,
        refund_id: object,
        order_id: int,
        gateway: str,
        shares: Sequence[RefundShare],
        shipping_minor: int,
        currency: str,
    ) -> None:
        """Post that an order's money went back, and the commission given up; once a refund.

        Each vendor gives back the gross of its lines: from what it may draw where its part was
        released already, else from what it may not draw yet. Either may go below zero.
        """
        await self.lock_vendors(share.vendor_id for share in shares)
        key = f"refund:{refund_id}"
        if await self.ledger.exists_entry(key):
            return
        postings = [Posting(SHIPPING_INCOME, shipping_minor)]
        for share in shares:
            account = await self.vendor_account(order_id, share.vendor_id)
            given_up = share.commission_minor + share.commission_tax_minor
            postings += [
                Posting(account, share.gross_minor - given_up),
                Posting(COMMISSION_INCOME, share.commission_minor),
                Posting(COMMISSION_TAX, share.commission_tax_minor),
            ]
        total = sum(share.gross_minor for share in shares) + shipping_minor
        postings.append(Posting(gateway_account(gateway), -total))
        await self._post(EntryKind.REFUND, key, order_id, currency, postings)

    async def settle_unapplied(
        self,
        gateway: str,
        transaction_id: str,
        order_id: int | None,
        amount_minor: int,
        currency: str,
        end: UnappliedEnd,
    ) -> None:
        """Post what became of money that no order had; the first end counts."""
        key = f"unapplied-end:{gateway}:{transaction_id}"
        if await self.ledger.exists_entry(key):
            return
        is_kept = end is UnappliedEnd.WRITE_OFF
        taker = WRITTEN_OFF if is_kept else gateway_account(gateway)
        postings = [Posting(UNAPPLIED, amount_minor), Posting(taker, -amount_minor)]
        await self._post(EntryKind.UNAPPLIED_END, key, order_id, currency, postings)

    async def post_settlement(
        self,
        settlement_id: int,
        gateway: str,
        net_minor: int,
        fee_minor: int,
        withheld_minor: int,
        currency: str,
    ) -> None:
        """Post what a gateway paid into the bank, and what it kept: its fee and withheld tax."""
        holder = gateway_account(gateway)
        paid = [Posting(settled_account(gateway), net_minor), Posting(holder, -net_minor)]
        kept = [
            Posting(GATEWAY_FEES, fee_minor),
            Posting(WITHHELD_TAX, withheld_minor),
            Posting(holder, -fee_minor - withheld_minor),
        ]
        key = f"settlement:{settlement_id}"
        await self._post(EntryKind.SETTLEMENT, key, None, currency, paid)
        await self._post(EntryKind.FEE, f"{key}:fee", None, currency, kept)

    async def post_adjustment(
        self, adjustment_id: int, vendor_id: UUID, amount_minor: int, currency: str
    ) -> None:
        """Post that the operator gives a vendor an amount, or charges it a negative one."""
        postings = [
            Posting(ADJUSTMENTS, amount_minor),
            Posting(vendor_available_account(vendor_id), -amount_minor),
        ]
        key = f"adjustment:{adjustment_id}"
        await self._post(EntryKind.ADJUSTMENT, key, None, currency, postings)

    async def lock_vendors(self, vendor_ids: Iterable[UUID]) -> None:
        """Let nobody else refund, release or pay out what these vendors have, until the commit.

        Whoever asks where a vendor's money is, and moves it, locks first.
        """
        await self.ledger.lock(vendor_available_account(vendor_id) for vendor_id in vendor_ids)

    async def lock(self, account: str) -> None:
        """Let nobody else who locks this account move what is on it, until the commit."""
        await self.ledger.lock([account])

    async def vendor_account(self, order_id: int, vendor_id: UUID) -> str:
        """Return the account that has a vendor's part of an order: what it may draw, or not yet."""
        released = await self.ledger.exists_entry(release_key(order_id, vendor_id))
        account = vendor_available_account if released else vendor_pending_account
        return account(vendor_id)

    async def transfer(
        self,
        kind: EntryKind,
        business_key: str,
        order_id: int | None,
        currency: str,
        postings: Sequence[Posting],
    ) -> bool:
        """Post an entry of another room's template once; False where it was posted before.

        An entry that moves nothing is posted too: others ask whether the fact happened.
        """
        if await self.ledger.exists_entry(business_key):
            return False
        if any(posting.amount_minor for posting in postings):
            await self._post(kind, business_key, order_id, currency, postings)
        elif postings:
            await self.ledger.add(kind, business_key, order_id, currency, postings)
            self.tx.touch("ledger")
        return True

    async def order_balance(self, order_id: int, account: str) -> int:
        """Return what an account holds of one order: the sum of its lines, in minor units."""
        return await self.ledger.order_balance(order_id, account)

    async def balance(self, account: str) -> int:
        """Return the sum of an account's lines, in minor units."""
        return await self.ledger.balance(account)

    async def _post(
        self,
        kind: EntryKind,
        business_key: str,
        order_id: int | None,
        currency: str,
        postings: Sequence[Posting],
    ) -> None:
        moved = [posting for posting in postings if posting.amount_minor]
        if sum(posting.amount_minor for posting in moved) != 0:
            raise Unbalanced(business_key)
        if moved:
            await self.ledger.add(kind, business_key, order_id, currency, moved)
            self.tx.touch("ledger")
