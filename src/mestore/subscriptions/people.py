"""Who reacts to what of accounts, carts and orders: sessions, audit, mails."""

from functools import partial

from mestore.accounts.events import (
    Acted,
    CodeRequested,
    PasswordChanged,
    PasswordResetRequested,
    SignedIn,
    UserErased,
)
from mestore.accounts.jobs import PurgeOldSessions, purge_old_sessions, start_recovery
from mestore.accounts.types.verification import StartRecovery
from mestore.audit.subscribers import on_acted
from mestore.carts.jobs import PurgeExpiredCarts, purge_expired_carts
from mestore.carts.subscribers import on_signed_in
from mestore.carts.subscribers import on_user_erased as on_cart_owner_erased
from mestore.inventory.events import LowStock
from mestore.kernel.db import Database
from mestore.kernel.jobs import InTransaction, Route
from mestore.notifications.jobs import purge_mails, send_code, send_mail, send_reset_link
from mestore.notifications.ports import MailChannel, SmsChannel
from mestore.notifications.subscribers import (
    on_low_stock,
    on_order_paid,
    on_order_placed,
    on_order_refunded,
    on_password_changed,
)
from mestore.notifications.types import PurgeMails, SendMail
from mestore.orders.events import OrderPaid, OrderPlaced
from mestore.refunds.events import OrderRefunded
from mestore.subscriptions.times import SweepKernel, sweep_kernel
from mestore.vendors.subscribers import on_user_erased as on_shop_owner_erased


def people_routes(database: Database, mail: MailChannel, sms: SmsChannel) -> tuple[Route, ...]:
    """Return the messages about people and their orders with the handlers that they go to."""
    return (
        *_sending_routes(database, mail, sms),
        Route(Acted, "audit.on_acted", InTransaction(on_acted)),
        Route(SignedIn, "carts.on_signed_in", InTransaction(on_signed_in)),
        Route(UserErased, "carts.on_user_erased", InTransaction(on_cart_owner_erased)),
        Route(UserErased, "vendors.on_user_erased", InTransaction(on_shop_owner_erased)),
        Route(OrderPlaced, "notifications.on_order_placed", InTransaction(on_order_placed)),
        Route(OrderPaid, "notifications.on_order_paid", InTransaction(on_order_paid)),
        Route(OrderRefunded, "notifications.on_order_refunded", InTransaction(on_order_refunded)),
        Route(LowStock, "notifications.on_low_stock", InTransaction(on_low_stock)),
        Route(
            PasswordChanged,
            "notifications.on_password_changed",
            InTransaction(on_password_changed),
        ),
        Route(StartRecovery, "accounts.start_recovery", InTransaction(start_recovery)),
        Route(PurgeOldSessions, "accounts.purge_old_sessions", InTransaction(purge_old_sessions)),
        Route(PurgeExpiredCarts, "carts.purge_expired_carts", InTransaction(purge_expired_carts)),
        Route(SweepKernel, "kernel.sweep", InTransaction(sweep_kernel)),
    )


def _sending_routes(database: Database, mail: MailChannel, sms: SmsChannel) -> tuple[Route, ...]:
    coding = partial(send_code, database=database, mail=mail, sms=sms)
    linking = partial(send_reset_link, database=database, channel=mail)
    sending = partial(send_mail, database=database, channel=mail)
    return (
        Route(CodeRequested, "notifications.send_code", coding),
        Route(PasswordResetRequested, "notifications.send_reset_link", linking),
        Route(SendMail, "notifications.send_mail", sending),
        Route(PurgeMails, "notifications.purge_mails", InTransaction(purge_mails)),
    )
