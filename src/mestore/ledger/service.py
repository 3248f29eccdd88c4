"""The ledger posts each business fact once, as an entry whose lines add up to zero."""

from collections.abc import Sequence

from mestore.kernel.db import Tx
from mestore.ledger.errors import Unbalanced
from mestore.ledger.repository import LedgerRepository
from mestore.ledger.types import (
    COMMISSION_INCOME,
    COMMISSION_TAX,
    SHIPPING_INCOME,
    UNAPPLIED,
    WRITTEN_OFF,
    EntryKind,
    Posting,
    RefundShare,
    UnappliedEnd,
    VendorShare,
    gateway_account,
    release_key,
    vendor_available_account,
    vendor_pending_account,
)


class LedgerService:
    """The posting templates. Amounts are minor units; debits are positive, credits negative."""

    def __init__(self, tx: Tx) -> None:
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
        key = f"refund:{refund_id}"
        if await self.ledger.exists_entry(key):
            return
        postings = [Posting(SHIPPING_INCOME, shipping_minor)]
        for share in shares:
            released = await self.ledger.exists_entry(release_key(order_id, share.vendor_id))
            account = vendor_available_account if released else vendor_pending_account
            given_up = share.commission_minor + share.commission_tax_minor
            postings += [
                Posting(account(share.vendor_id), share.gross_minor - given_up),
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
