"""Who reacts to what of payments, refunds, disputes, earnings and payouts."""

from functools import partial

from mestore.accounts.events import (
    UserErased,
)
from mestore.checkout.jobs import (
    ExpireOrders,
    PollGateways,
    expire_orders,
    on_signal_received,
    poll_gateways,
)
from mestore.checkout.subscribers import on_order_cancelled
from mestore.checkout.types import Outside
from mestore.disputes.events import DisputeClosed
from mestore.disputes.jobs import FollowDisputes, follow_disputes, on_dispute_signal
from mestore.earnings.jobs import ReleaseEarnings, release_earnings
from mestore.earnings.subscribers import (
    on_dispute_closed,
    on_order_delivered,
    on_order_refunded,
)
from mestore.earnings.subscribers import on_order_cancelled as on_part_cancelled
from mestore.kernel.db import Database
from mestore.kernel.jobs import InTransaction, Route
from mestore.notifications.subscribers import (
    on_bank_account_changed,
    on_review_decided,
    on_review_opened,
)
from mestore.orders.events import OrderCancelled, OrderDelivered
from mestore.payments.events import (
    DisputeSignalReceived,
    RefundSignalReceived,
    ReviewDecided,
    ReviewOpened,
    SignalReceived,
)
from mestore.payments.jobs import (
    PurgeTraces,
    PurgeVoucherLookups,
    purge_traces,
    purge_voucher_lookups,
)
from mestore.payments.subscribers import on_user_erased as on_payer_erased
from mestore.payouts.events import (
    BankAccountChanged,
    PayoutSignalReceived,
)
from mestore.payouts.jobs import (
    FollowPayouts,
    RunPayoutCycle,
    follow_payouts,
    on_payout_signal,
    run_payout_cycle,
)
from mestore.payouts.service.world import PayoutWorld
from mestore.payouts.subscribers import on_user_erased as on_payee_erased
from mestore.reconciliation.jobs import ReconcileDays, reconcile_days
from mestore.refunds.events import OrderRefunded
from mestore.refunds.jobs import (
    FollowRefunds,
    SettleQueues,
    follow_refunds,
    on_refund_signal,
    settle_queues,
)
from mestore.refunds.jobs import on_review_decided as call_off_refused
from mestore.refunds.subscribers import ForgetAccounts, on_forget_accounts
from mestore.refunds.subscribers import on_user_erased as on_refunded_erased


def money_routes(outside: Outside, payouts: PayoutWorld) -> tuple[Route, ...]:
    """Return the messages about money with the handlers that they go to."""
    return (
        *_gateway_routes(outside),
        *_review_routes(outside),
        *_earning_routes(outside.database),
        *_payout_routes(payouts),
        Route(
            PurgeVoucherLookups,
            "payments.purge_voucher_lookups",
            InTransaction(purge_voucher_lookups),
        ),
    )


def _gateway_routes(outside: Outside) -> tuple[Route, ...]:
    return (
        Route(
            SignalReceived,
            "checkout.on_signal_received",
            partial(on_signal_received, outside=outside),
        ),
        Route(
            RefundSignalReceived, "refunds.on_signal", partial(on_refund_signal, outside=outside)
        ),
        Route(
            DisputeSignalReceived, "disputes.on_signal", partial(on_dispute_signal, outside=outside)
        ),
        Route(FollowDisputes, "disputes.follow", partial(follow_disputes, outside=outside)),
        Route(UserErased, "refunds.on_user_erased", InTransaction(on_refunded_erased)),
        Route(ForgetAccounts, "refunds.forget_accounts", InTransaction(on_forget_accounts)),
        Route(PollGateways, "checkout.poll_gateways", partial(poll_gateways, outside=outside)),
        Route(FollowRefunds, "refunds.follow", partial(follow_refunds, outside=outside)),
        Route(SettleQueues, "refunds.settle_queues", partial(settle_queues, outside=outside)),
        Route(ExpireOrders, "checkout.expire_orders", partial(expire_orders, outside=outside)),
        Route(ReconcileDays, "reconciliation.days", partial(reconcile_days, outside=outside)),
    )


def _review_routes(outside: Outside) -> tuple[Route, ...]:
    return (
        Route(
            ReviewDecided, "refunds.on_review_decided", partial(call_off_refused, outside=outside)
        ),
        Route(ReviewDecided, "notifications.on_review_decided", InTransaction(on_review_decided)),
        Route(ReviewOpened, "notifications.on_review_opened", InTransaction(on_review_opened)),
        Route(OrderCancelled, "checkout.on_order_cancelled", InTransaction(on_order_cancelled)),
        Route(UserErased, "payments.on_user_erased", InTransaction(on_payer_erased)),
        Route(PurgeTraces, "payments.purge_traces", InTransaction(purge_traces)),
    )


def _payout_routes(world: PayoutWorld) -> tuple[Route, ...]:
    return (
        Route(FollowPayouts, "payouts.follow", partial(follow_payouts, world=world)),
        Route(RunPayoutCycle, "payouts.run_cycle", partial(run_payout_cycle, world=world)),
        Route(PayoutSignalReceived, "payouts.on_signal", partial(on_payout_signal, world=world)),
        Route(UserErased, "payouts.on_user_erased", InTransaction(on_payee_erased)),
        Route(
            BankAccountChanged,
            "notifications.on_bank_account_changed",
            InTransaction(on_bank_account_changed),
        ),
    )


def _earning_routes(database: Database) -> tuple[Route, ...]:
    releasing = partial(release_earnings, database=database)
    return (
        Route(OrderDelivered, "earnings.on_order_delivered", InTransaction(on_order_delivered)),
        Route(OrderRefunded, "earnings.on_order_refunded", InTransaction(on_order_refunded)),
        Route(OrderCancelled, "earnings.on_order_cancelled", InTransaction(on_part_cancelled)),
        Route(DisputeClosed, "earnings.on_dispute_closed", InTransaction(on_dispute_closed)),
        Route(ReleaseEarnings, "earnings.release", releasing),
    )
