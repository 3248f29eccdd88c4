"""The event map: who reacts to what. Read it to know what follows from a fact."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from mestore.accounts.events import (
    Acted,
    CodeRequested,
    MfaDisabled,
    MfaEnabled,
    PasswordChanged,
    PasswordResetRequested,
    SignedIn,
    UserActivated,
    UserErased,
    UserInvited,
    UserRegistered,
    UserSuspended,
)
from mestore.accounts.jobs import PurgeOldSessions, purge_old_sessions, start_recovery
from mestore.accounts.types.verification import StartRecovery
from mestore.audit.subscribers import on_acted
from mestore.carts.jobs import PurgeExpiredCarts, purge_expired_carts
from mestore.carts.subscribers import on_signed_in
from mestore.carts.subscribers import on_user_erased as on_cart_owner_erased
from mestore.catalog.events import ProductArchived, ProductChanged, ProductPublished
from mestore.catalog.jobs import on_drop_images, on_make_sizes
from mestore.catalog.subscribers import on_vendor_moved
from mestore.catalog.types import DropImages, MakeSizes
from mestore.checkout.jobs import (
    ExpireOrders,
    PollGateways,
    expire_orders,
    on_signal_received,
    poll_gateways,
)
from mestore.checkout.types import Outside
from mestore.insights.jobs import RecomputeInsights, recompute_insights
from mestore.inventory.events import LowStock
from mestore.kernel.db import Database, Tx
from mestore.kernel.idempotency import purge_expired
from mestore.kernel.jobs import InTransaction, Periodic, Route, purge_done
from mestore.kernel.messages import Message, Task
from mestore.media.ports import BlobStore
from mestore.notifications.jobs import send_code, send_mail, send_reset_link
from mestore.notifications.ports import MailChannel, SmsChannel
from mestore.notifications.subscribers import (
    on_order_paid,
    on_order_placed,
    on_order_refunded,
    on_password_changed,
)
from mestore.notifications.types import SendMail
from mestore.orders.events import OrderCancelled, OrderDelivered, OrderPaid, OrderPlaced
from mestore.payments.events import SignalReceived
from mestore.reconciliation.jobs import ReconcileDays, reconcile_days
from mestore.refunds.events import OrderRefunded
from mestore.refunds.jobs import (
    FollowRefunds,
    SettleQueues,
    follow_refunds,
    settle_queues,
)
from mestore.reviews.subscribers import on_user_erased as on_reviewer_erased
from mestore.search.subscribers import on_product_moved
from mestore.vendors.events import VendorApproved, VendorSuspended
from mestore.vendors.subscribers import on_user_erased as on_shop_owner_erased


@dataclass(frozen=True, slots=True)
class SweepKernel(Task):
    """Delete jobs and idempotency keys past their time."""


async def sweep_kernel(tx: Tx, _: SweepKernel) -> None:
    """Delete jobs and idempotency keys past their time."""
    await purge_done(tx)
    await purge_expired(tx)


def routes(
    outside: Outside, mail: MailChannel, sms: SmsChannel, blobs: BlobStore
) -> Sequence[Route]:
    """Return every message with the handler that it goes to."""
    signal = partial(on_signal_received, outside=outside)
    sending = partial(send_mail, database=outside.database, channel=mail)
    coding = partial(send_code, database=outside.database, mail=mail, sms=sms)
    linking = partial(send_reset_link, database=outside.database, channel=mail)
    return (
        *_picture_routes(outside.database, blobs),
        Route(Acted, "audit.on_acted", InTransaction(on_acted)),
        Route(SignedIn, "carts.on_signed_in", InTransaction(on_signed_in)),
        Route(UserErased, "carts.on_user_erased", InTransaction(on_cart_owner_erased)),
        Route(UserErased, "reviews.on_user_erased", InTransaction(on_reviewer_erased)),
        Route(UserErased, "vendors.on_user_erased", InTransaction(on_shop_owner_erased)),
        Route(VendorApproved, "catalog.on_vendor_approved", InTransaction(on_vendor_moved)),
        Route(VendorSuspended, "catalog.on_vendor_suspended", InTransaction(on_vendor_moved)),
        Route(ProductPublished, "search.on_product_published", InTransaction(on_product_moved)),
        Route(ProductChanged, "search.on_product_changed", InTransaction(on_product_moved)),
        Route(ProductArchived, "search.on_product_archived", InTransaction(on_product_moved)),
        Route(OrderPlaced, "notifications.on_order_placed", InTransaction(on_order_placed)),
        Route(OrderPaid, "notifications.on_order_paid", InTransaction(on_order_paid)),
        Route(OrderRefunded, "notifications.on_order_refunded", InTransaction(on_order_refunded)),
        Route(SignalReceived, "checkout.on_signal_received", signal),
        Route(CodeRequested, "notifications.send_code", coding),
        Route(PasswordResetRequested, "notifications.send_reset_link", linking),
        Route(
            PasswordChanged,
            "notifications.on_password_changed",
            InTransaction(on_password_changed),
        ),
        Route(SendMail, "notifications.send_mail", sending),
        Route(PollGateways, "checkout.poll_gateways", partial(poll_gateways, outside=outside)),
        Route(FollowRefunds, "refunds.follow", partial(follow_refunds, outside=outside)),
        Route(SettleQueues, "refunds.settle_queues", partial(settle_queues, outside=outside)),
        Route(ExpireOrders, "checkout.expire_orders", partial(expire_orders, outside=outside)),
        Route(ReconcileDays, "reconciliation.days", partial(reconcile_days, outside=outside)),
        Route(RecomputeInsights, "insights.recompute", InTransaction(recompute_insights)),
        Route(StartRecovery, "accounts.start_recovery", InTransaction(start_recovery)),
        Route(PurgeOldSessions, "accounts.purge_old_sessions", InTransaction(purge_old_sessions)),
        Route(PurgeExpiredCarts, "carts.purge_expired_carts", InTransaction(purge_expired_carts)),
        Route(SweepKernel, "kernel.sweep", InTransaction(sweep_kernel)),
    )


def _picture_routes(database: Database, blobs: BlobStore) -> tuple[Route, ...]:
    making = partial(on_make_sizes, database=database, blobs=blobs)
    return (
        Route(MakeSizes, "catalog.make_sizes", making),
        Route(DropImages, "catalog.drop_images", partial(on_drop_images, blobs=blobs)),
    )


# Facts that nobody reacts to yet: published all the same, so that listening is one line here.
UNHEARD: tuple[type[Message], ...] = (
    MfaEnabled,
    MfaDisabled,
    UserRegistered,
    UserInvited,
    UserSuspended,
    UserActivated,
    LowStock,
    OrderCancelled,
    OrderDelivered,
)

PERIODIC = (
    Periodic(PollGateways(), timedelta(seconds=10)),
    Periodic(ExpireOrders(), timedelta(minutes=1)),
    Periodic(FollowRefunds(), timedelta(seconds=10)),
    Periodic(SettleQueues(), timedelta(minutes=5)),
    Periodic(ReconcileDays(), timedelta(hours=1)),
    Periodic(RecomputeInsights(), timedelta(hours=6)),
    Periodic(PurgeOldSessions(), timedelta(hours=1)),
    Periodic(PurgeExpiredCarts(), timedelta(hours=1)),
    Periodic(SweepKernel(), timedelta(hours=1)),
)


def addresses(found: Sequence[Route]) -> dict[type[Message], tuple[str, ...]]:
    """Return the names of the handlers of each message, as the outbox needs them."""
    names: defaultdict[type[Message], list[str]] = defaultdict(list)
    for route in found:
        names[route.message].append(route.name)
    heard = {message: tuple(handlers) for message, handlers in names.items()}
    return {**dict.fromkeys(UNHEARD, ()), **heard}
