"""Notifications: writes mails, each once, and has them sent after the commit."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from mestore.accounts.service.contacts import Contacts
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.notifications.account_wording import password_changed
from mestore.notifications.rendering import for_buyer, for_vendor, refunded
from mestore.notifications.repository import MailRepository
from mestore.notifications.types import MailKind, OutgoingMail, SendMail, Wording
from mestore.orders.service import read_order
from mestore.orders.types import OrderView, Viewer
from mestore.vendors.service import VendorService


class MailService:
    """Writes mails; nothing leaves the house inside a transaction."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.mails = MailRepository(tx.connection)

    async def announce(self, kind: MailKind, order_id: int) -> None:
        """Write to the buyer and to each vendor of an order, once a kind, and have it sent."""
        order = await read_order(self.tx.connection, Viewer(is_staff=True), order_id)
        # Staff always sees the address; only a vendor's view is without it.
        if order.customer_email is not None:
            wording = for_buyer(kind, order, await self._name_of_buyer(order))
            await self._write(kind, f"{kind}:{order_id}:buyer", order.customer_email, wording)
        # Sorted, so that two runs of one event take the unique keys in the same order.
        for vendor_id in sorted({item.vendor_id for item in order.items}):
            vendor = await VendorService(self.tx).get(vendor_id)
            part = await read_order(self.tx.connection, Viewer(vendor_id=vendor_id), order_id)
            owners = await Contacts(self.tx.connection).of([vendor.user_id])
            wording = for_vendor(kind, part, vendor.business_name)
            key = f"{kind}:{order_id}:vendor:{vendor_id}"
            await self._write(kind, key, owners[vendor.user_id].email, wording)

    async def tell_refunded(self, order_id: int, refund_id: int, amount_minor: int) -> None:
        """Write to the buyer of an order, once for each refund of it."""
        order = await read_order(self.tx.connection, Viewer(is_staff=True), order_id)
        if order.customer_email is None:
            return
        said = refunded(order, await self._name_of_buyer(order), amount_minor)
        kind = MailKind.ORDER_REFUNDED
        await self._write(kind, f"{kind}:{refund_id}:buyer", order.customer_email, said)

    async def tell_password_changed(self, user_id: UUID, changed_at: datetime) -> None:
        """Write to the owner of an account, once for each change of its password."""
        contacts = await Contacts(self.tx.connection).of([user_id])
        kind = MailKind.PASSWORD_CHANGED
        for contact in contacts.values():
            wording = password_changed(contact.first_name, changed_at)
            key = f"{kind}:{user_id}:{changed_at:%Y%m%dT%H%M%S%f}"
            await self._write(kind, key, contact.email, wording)

    async def unsent(self, mail_id: int) -> OutgoingMail | None:
        """Return a mail that is still to be sent, None where it was; raises `MailNotFound`."""
        return await self.mails.get_unsent(mail_id)

    async def mark_sent(self, mail_id: int) -> None:
        """Note that a mail was sent; the first time counts."""
        await self.mails.mark_sent(mail_id, now())

    async def _name_of_buyer(self, order: OrderView) -> str:
        """Return what to call the buyer: a guest is who the order goes to."""
        if order.buyer_id is None:
            return order.shipping_name
        buyers = await Contacts(self.tx.connection).of([order.buyer_id])
        return buyers[order.buyer_id].first_name

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
        try:
            async with self.tx.connection.begin_nested():
                mail_id = await self.mails.add(values)
        except DBAPIError as error:
            if fault_of(error) is not Fault.UNIQUE:
                raise
            return
        self.tx.enqueue(SendMail(mail_id))
