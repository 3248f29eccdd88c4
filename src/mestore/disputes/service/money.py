"""What a dispute does to the money: each step is one entry of the ledger, posted once.

Whoever calls holds the payment's row, then the dispute's. What a bank has of an order is counted in
the order's own counters of what was given back, so no refund can give that back again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mestore.commissions.service import CommissionService, VendorCommission
from mestore.disputes.repository import DisputeRepository
from mestore.disputes.service.allot import allot, amount_by_line, by_vendor, net_by_line
from mestore.disputes.types import Allotment, Dispute, DisputedLine
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    COMMISSION_INCOME,
    COMMISSION_TAX,
    DISPUTED,
    SHIPPING_INCOME,
    WRITTEN_OFF,
    EntryKind,
    Posting,
    gateway_account,
    vendor_held_account,
)
from mestore.orders.service import RefundedOrders

Changes = Mapping[str, Any]
"""Columns of the dispute that follow from a step."""


@dataclass(frozen=True, slots=True)
class DisputeMoney:
    """Moves what a dispute is about; every method returns what changes in the dispute's row."""

    tx: Tx
    dispute: Dispute

    async def withdraw(self) -> Changes:
        """The bank takes the money; the vendors' shares, less commission, are held."""
        found = await self._claim(self.dispute.amount_minor)
        gross = by_vendor(found.lines)
        ledger = LedgerService(self.tx)
        await ledger.lock_vendors(gross)
        given_up = await self._commissions(found.lines, reverse=False)
        amount = self.dispute.amount_minor
        postings = [
            Posting(gateway_account(self.dispute.gateway), -amount),
            Posting(DISPUTED, amount),
        ]
        disputes = DisputeRepository(self.tx.connection)
        for vendor_id, share in gross.items():
            held = share - _kept(given_up, vendor_id)
            postings += [
                Posting(await self._home(vendor_id), held),
                Posting(vendor_held_account(vendor_id), -held),
            ]
            await disputes.set_part(self.dispute.id, vendor_id, share, held)
        await self._post("opened", postings)
        await disputes.add_lines(self.dispute.id, found.lines)
        return {
            "is_withdrawn": True,
            "excess_minor": amount - found.total_minor,
            "shipping_minor": found.shipping_minor,
        }

    async def give_back(self) -> Changes:
        """The bank decides for us: exactly what was taken comes back."""
        disputes = DisputeRepository(self.tx.connection)
        held = await disputes.held_by_vendor(self.dispute.id)
        await LedgerService(self.tx).lock_vendors(held)
        amount = self.dispute.amount_minor
        postings = [
            Posting(gateway_account(self.dispute.gateway), amount),
            Posting(DISPUTED, -amount),
        ]
        for vendor_id, minor in held.items():
            postings += [
                Posting(vendor_held_account(vendor_id), minor),
                Posting(await self._home(vendor_id), -minor),
            ]
        await self._post("won", postings)
        return await self._unclaim(disputes)

    async def forfeit(self) -> Changes:
        """The bank decides for the buyer: each bears its share, and the commission is given up.

        What refunds had given back too is the operator's loss, unless such a refund did not go.
        """
        disputes = DisputeRepository(self.tx.connection)
        more = await self._claim(self.dispute.excess_minor)
        await disputes.add_lines(self.dispute.id, more.lines)
        lines = await disputes.all_lines(self.dispute.id)
        gross, held = by_vendor(lines), await disputes.held_by_vendor(self.dispute.id)
        await LedgerService(self.tx).lock_vendors(gross)
        given_up = await self._commissions(lines, reverse=True)
        excess = self.dispute.excess_minor - more.total_minor
        shipping = self.dispute.shipping_minor + more.shipping_minor
        postings = [
            Posting(DISPUTED, -self.dispute.amount_minor),
            Posting(SHIPPING_INCOME, shipping),
            Posting(WRITTEN_OFF, excess),
        ]
        for vendor_id, share in gross.items():
            borne = share - _kept(given_up, vendor_id)
            postings += [
                Posting(vendor_held_account(vendor_id), held[vendor_id]),
                # Commissions are rounded over all that went back, meanwhile perhaps more.
                Posting(await self._home(vendor_id), borne - held[vendor_id]),
                *_commission_postings(given_up, vendor_id),
            ]
            await disputes.set_part(self.dispute.id, vendor_id, share, 0)
        await self._post("lost", postings)
        return {"excess_minor": excess, "shipping_minor": shipping}

    async def regain(self) -> Changes:
        """A loss is corrected: the money is here again, and the commission is owed again."""
        disputes = DisputeRepository(self.tx.connection)
        lines = await disputes.all_lines(self.dispute.id)
        gross = by_vendor(lines)
        await LedgerService(self.tx).lock_vendors(gross)
        owed_again = await self._commissions(lines, reverse=True, sign=-1)
        postings = [
            Posting(gateway_account(self.dispute.gateway), self.dispute.amount_minor),
            Posting(SHIPPING_INCOME, -self.dispute.shipping_minor),
            Posting(WRITTEN_OFF, -self.dispute.excess_minor),
        ]
        for vendor_id, share in gross.items():
            minor = share + _kept(owed_again, vendor_id)
            postings += [
                Posting(await self._home(vendor_id), -minor),
                *_commission_postings(owed_again, vendor_id),
            ]
        await self._post("regained", postings)
        return await self._unclaim(disputes)

    async def _claim(self, amount_minor: int) -> Allotment:
        """Count what is left of an order, up to the amount, as given back."""
        if self.dispute.order_id is None or not amount_minor:
            return Allotment()
        orders = RefundedOrders(self.tx)
        order = await orders.held(self.dispute.order_id)
        found = allot(order, amount_minor)
        lines = amount_by_line(found.lines)
        if not await orders.claim(order, lines, found.shipping_minor):
            raise LostRace
        return found

    async def _unclaim(self, disputes: DisputeRepository) -> Changes:
        if self.dispute.order_id is not None:
            lines = amount_by_line(await disputes.all_lines(self.dispute.id))
            orders = RefundedOrders(self.tx)
            await orders.release(self.dispute.order_id, lines, self.dispute.shipping_minor)
            await disputes.forget_lines(self.dispute.id)
        for vendor_id in await disputes.held_by_vendor(self.dispute.id):
            await disputes.set_part(self.dispute.id, vendor_id, 0, 0)
        return {"is_withdrawn": False, "excess_minor": 0, "shipping_minor": 0}

    async def _commissions(
        self, lines: Sequence[DisputedLine], *, reverse: bool, sign: int = 1
    ) -> dict[UUID, VendorCommission]:
        if self.dispute.order_id is None or not lines:
            return {}
        nets = {item: sign * net for item, net in net_by_line(lines).items()}
        commissions = CommissionService(self.tx)
        ask = commissions.reverse if reverse else commissions.preview
        return {each.vendor_id: each for each in await ask(self.dispute.order_id, nets)}

    async def _home(self, vendor_id: UUID) -> str:
        if self.dispute.order_id is None:
            raise LookupError(f"dispute {self.dispute.id} has no order")
        return await LedgerService(self.tx).vendor_account(self.dispute.order_id, vendor_id)

    async def _post(self, step: str, postings: Sequence[Posting]) -> None:
        await LedgerService(self.tx).transfer(
            EntryKind.DISPUTE,
            f"dispute:{self.dispute.id}:{step}:{self.dispute.round}",
            self.dispute.order_id,
            self.dispute.currency,
            postings,
        )


def _kept(commissions: Mapping[UUID, VendorCommission], vendor_id: UUID) -> int:
    found = commissions.get(vendor_id)
    return 0 if found is None else found.amount_minor + found.tax_minor


def _commission_postings(
    commissions: Mapping[UUID, VendorCommission], vendor_id: UUID
) -> list[Posting]:
    """Return the lines that follow a vendor's own, as statements read them."""
    found = commissions.get(vendor_id)
    if found is None:
        return []
    return [
        Posting(COMMISSION_INCOME, found.amount_minor),
        Posting(COMMISSION_TAX, found.tax_minor),
    ]
