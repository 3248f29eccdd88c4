"""Notifications: writes mails, each once, and has them sent after the commit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mestore.accounts.service.contacts import Contacts
from mestore.catalog.service.sale import SaleItems
from mestore.interests.events import MatchesFound, PricesDropped
from mestore.interests.service import standing_alerts, standing_search
from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.db import Tx, unless_taken
from mestore.notifications.account_wording import bank_account_changed, password_changed
from mestore.notifications.rendering import (
    about_review,
    for_buyer,
    for_vendor,
    low_stock,
    matches_found,
    prices_dropped,
    refunded,
)
from mestore.notifications.repository import MailRepository
from mestore.notifications.types import MailKind, MailPolicy, OutgoingMail, SendMail, Wording
from mestore.orders.service import read_order
from mestore.orders.types import FinancialStatus, OrderView, Viewer
from mestore.vendors.service import VendorService

PURGED_AT_ONCE = 500

_WITH_MONEY = frozenset(FinancialStatus) - {FinancialStatus.PENDING, FinancialStatus.VOIDED}


@dataclass(frozen=True, slots=True)
class _Buyer:
    email: str
    name: str


class MailService:
    """Writes mails to who may sign in and to guests; nothing leaves the house in a transaction."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.mails = MailRepository(tx.connection)
        self.contacts = Contacts(tx.connection)

    async def announce(self, kind: MailKind, order_id: int) -> None:
        """Write to the buyer and to each vendor of an order, once a kind, and have it sent."""
        order = await read_order(self.tx.connection, Viewer(is_staff=True), order_id)
        if buyer := await self._buyer_of(order):
            wording = for_buyer(kind, order, buyer.name)
            await self._write(kind, f"{kind}:{order_id}:buyer", buyer.email, wording)
        # Sorted, so that two runs of one event take the unique keys in the same order.
        for vendor_id in sorted({item.vendor_id for item in order.items}):
            vendor = await VendorService(self.tx).get(vendor_id)
            owner = await self.contacts.reach(vendor.user_id)
            if owner is None:
                continue
            part = await read_order(self.tx.connection, Viewer(vendor_id=vendor_id), order_id)
            wording = for_vendor(kind, part, vendor.business_name)
            key = f"{kind}:{order_id}:vendor:{vendor_id}"
            await self._write(kind, key, owner.email, wording)

    async def tell_refunded(self, order_id: int, refund_id: int, amount_minor: int) -> None:
        """Write to the buyer of an order, once for each refund of it."""
        order = await read_order(self.tx.connection, Viewer(is_staff=True), order_id)
        buyer = await self._buyer_of(order)
        if buyer is None:
            return
        said = refunded(order, buyer.name, amount_minor)
        kind = MailKind.ORDER_REFUNDED
        await self._write(kind, f"{kind}:{refund_id}:buyer", buyer.email, said)

    async def tell_review(self, kind: MailKind, order_id: int, review_id: int) -> None:
        """Write to the buyer of an order about the review of its payment, once a kind."""
        order = await read_order(self.tx.connection, Viewer(is_staff=True), order_id)
        is_paid = order.financial_status in _WITH_MONEY
        buyer = await self._buyer_of(order)
        if buyer is None or (kind is MailKind.ORDER_PAYABLE and is_paid):
            return
        said = about_review(kind, order, buyer.name, is_paid=is_paid)
        await self._write(kind, f"{kind}:{review_id}:buyer", buyer.email, said)

    async def tell_low_stock(self, product_id: UUID, variant_id: UUID, available: int) -> None:
        """Write to the vendor of a variant, at most once a day of Bogotá; a deleted one is none."""
        sold = await SaleItems(self.tx.connection).of([(product_id, variant_id)])
        for item in sold.values():
            vendor = await VendorService(self.tx).get(item.vendor_id)
            owner = await self.contacts.reach(vendor.user_id)
            if owner is None:
                continue
            said = low_stock(vendor.business_name, item, available)
            kind, today = MailKind.LOW_STOCK, now().astimezone(BOGOTA).date()
            await self._write(kind, f"{kind}:{variant_id}:{today}", owner.email, said)

    async def tell_password_changed(self, user_id: UUID, changed_at: datetime) -> None:
        """Write to the owner of an account, once for each change of its password."""
        contact = await self.contacts.reach(user_id)
        if contact is None:
            return
        wording = password_changed(contact.first_name, changed_at)
        kind = MailKind.PASSWORD_CHANGED
        key = f"{kind}:{user_id}:{changed_at:%Y%m%dT%H%M%S%f}"
        await self._write(kind, key, contact.email, wording)

    async def tell_bank_account(
        self, vendor_id: UUID, ends_in: str, changed_at: datetime, usable_from: datetime
    ) -> None:
        """Write to the owner of a shop, once for each change of its bank account."""
        vendor = await VendorService(self.tx).get(vendor_id)
        contact = await self.contacts.reach(vendor.user_id)
        if contact is None:
            return
        said = bank_account_changed(contact.first_name, ends_in, changed_at, usable_from)
        kind = MailKind.BANK_ACCOUNT_CHANGED
        key = f"{kind}:{vendor_id}:{changed_at:%Y%m%dT%H%M%S%f}"
        await self._write(kind, key, contact.email, said)

    async def tell_prices(self, event: PricesDropped) -> None:
        """Write to a user which prices that they watch fell; of what still stands only."""
        standing = await standing_alerts(
            self.tx.connection, [drop.alert_id for drop in event.drops]
        )
        drops = [
            (standing[drop.alert_id], drop.was_minor, drop.now_minor)
            for drop in event.drops
            if drop.alert_id in standing
        ]
        contact = await self.contacts.reach(event.user_id)
        if not drops or contact is None:
            return
        kind = MailKind.PRICES_DROPPED
        key = f"{kind}:{event.user_id}:{event.at:%Y%m%dT%H%M%S%f}:{event.drops[0].alert_id}"
        said = prices_dropped(contact.first_name, drops)
        await self._write(kind, key, contact.email, said)

    async def tell_matches(self, event: MatchesFound) -> None:
        """Write to a user which products are new in a search they saved, if they still want it."""
        standing = await standing_search(self.tx.connection, event.saved_id)
        keys = [(product_id, None) for product_id in event.product_ids]
        sold = await SaleItems(self.tx.connection).of(keys)
        items = [item for key in keys if (item := sold.get(key)) and item.is_on_sale]
        if standing is None or not items:
            return
        user_id, name = standing
        contact = await self.contacts.reach(user_id)
        if contact is None:
            return
        more = event.count - len(event.product_ids)
        said = matches_found(contact.first_name, name, items, more)
        kind = MailKind.MATCHES_FOUND
        key = f"{kind}:{event.saved_id}:{event.at:%Y%m%dT%H%M%S%f}"
        await self._write(kind, key, contact.email, said)

    async def unsent(self, mail_id: int) -> OutgoingMail | None:
        """Return a mail that is still to be sent, None where it was; raises `MailNotFound`."""
        return await self.mails.get_unsent(mail_id)

    async def mark_sent(self, mail_id: int) -> None:
        """Note that a mail was sent; the first time counts."""
        await self.mails.mark_sent(mail_id, now())

    async def purge(self) -> bool:
        """Delete a batch of mails past their time; say whether there may be more."""
        before = now() - self.tx.policy(MailPolicy).keep
        return await self.mails.purge(before, PURGED_AT_ONCE) == PURGED_AT_ONCE

    async def _buyer_of(self, order: OrderView) -> _Buyer | None:
        """Return who to tell of an order, at the address it was placed with; a gone buyer none.

        A guest is called as who the order goes to.
        """
        # Staff always sees the address; only a vendor's view is without it.
        if order.customer_email is None:
            return None
        if order.buyer_id is None:
            return _Buyer(order.customer_email, order.shipping_name)
        buyer = await self.contacts.reach(order.buyer_id)
        return None if buyer is None else _Buyer(order.customer_email, buyer.first_name)

    async def _write(self, kind: MailKind, key: str, recipient: str, wording: Wording) -> None:
        values = {
            "dedupe_key": key,
            "kind": kind,
            "recipient": recipient,
            "subject": wording.subject,
            "text": wording.text,
            "html": wording.html,
            "created_at": now(),
            "sent_at": None,
        }
        async with unless_taken(self.tx.connection):
            mail_id = await self.mails.add(values)
            self.tx.enqueue(SendMail(mail_id))
