"""What is done again and again, and how often."""

from dataclasses import dataclass
from datetime import timedelta

from mestore.accounts.jobs import PurgeOldSessions
from mestore.bulk.types import (
    PurgeJobs,
)
from mestore.carts.jobs import PurgeExpiredCarts
from mestore.checkout.jobs import (
    ExpireOrders,
    PollGateways,
)
from mestore.disputes.jobs import FollowDisputes
from mestore.earnings.jobs import ReleaseEarnings
from mestore.insights.jobs import (
    PurgeProductDays,
    RankDays,
    RankRecentDays,
    RecomputeInsights,
)
from mestore.interests.types import (
    FindMatches,
    PurgeHistory,
    TellMatches,
)
from mestore.kernel.db import Tx
from mestore.kernel.idempotency import purge_expired
from mestore.kernel.jobs import Periodic, purge_done
from mestore.kernel.messages import Task
from mestore.notifications.types import PurgeMails
from mestore.payments.jobs import (
    PurgeTraces,
    PurgeVoucherLookups,
)
from mestore.payouts.jobs import (
    FollowPayouts,
    RunPayoutCycle,
)
from mestore.reconciliation.jobs import ReconcileDays
from mestore.refunds.jobs import (
    FollowRefunds,
    SettleQueues,
)
from mestore.search.jobs import (
    MendVectors,
    TidySearch,
)


@dataclass(frozen=True, slots=True)
class SweepKernel(Task):
    """Delete jobs and idempotency keys past their time."""


async def sweep_kernel(tx: Tx, _: SweepKernel) -> None:
    """Delete jobs and idempotency keys past their time."""
    await purge_done(tx)
    await purge_expired(tx)


PERIODIC = (
    Periodic(PollGateways(), timedelta(seconds=10)),
    Periodic(ExpireOrders(), timedelta(minutes=1)),
    Periodic(FollowRefunds(), timedelta(seconds=10)),
    Periodic(SettleQueues(), timedelta(minutes=5)),
    Periodic(ReleaseEarnings(), timedelta(minutes=15)),
    Periodic(FollowDisputes(), timedelta(minutes=30)),
    Periodic(FollowPayouts(), timedelta(seconds=10)),
    Periodic(RunPayoutCycle(), timedelta(hours=1)),
    Periodic(ReconcileDays(), timedelta(hours=1)),
    Periodic(RecomputeInsights(), timedelta(hours=6)),
    Periodic(PurgeProductDays(), timedelta(hours=24)),
    Periodic(RankRecentDays(), timedelta(minutes=10)),
    Periodic(RankDays(), timedelta(hours=6)),
    Periodic(PurgeOldSessions(), timedelta(hours=1)),
    Periodic(PurgeExpiredCarts(), timedelta(hours=1)),
    Periodic(PurgeJobs(), timedelta(hours=1)),
    Periodic(PurgeVoucherLookups(), timedelta(hours=1)),
    Periodic(FindMatches(), timedelta(minutes=5)),
    Periodic(TellMatches(), timedelta(minutes=15)),
    Periodic(PurgeHistory(), timedelta(hours=1)),
    Periodic(PurgeTraces(), timedelta(hours=1)),
    Periodic(PurgeMails(), timedelta(hours=1)),
    Periodic(TidySearch(), timedelta(minutes=5)),
    Periodic(MendVectors(), timedelta(minutes=30)),
    Periodic(SweepKernel(), timedelta(hours=1)),
)
