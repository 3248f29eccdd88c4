"""The daily comparison."""

from dataclasses import dataclass

from mestore.checkout.types import Outside
from mestore.kernel.clock import now
from mestore.kernel.messages import Task
from mestore.reconciliation.service import reconcile_due


@dataclass(frozen=True, slots=True)
class ReconcileDays(Task):
    """Compare the days that are due, from two in the morning in Bogotá."""


async def reconcile_days(_: ReconcileDays, *, outside: Outside) -> None:
    """Compare the days that are due."""
    await reconcile_due(outside, now())
