"""Housekeeping of payments."""

from dataclasses import dataclass

from mestore.kernel.db import Tx
from mestore.kernel.messages import Task
from mestore.payments.service import CashService, ReviewService


@dataclass(frozen=True, slots=True)
class PurgeVoucherLookups(Task):
    """Forget who asked about vouchers, once it does not count any more."""


async def purge_voucher_lookups(tx: Tx, _: PurgeVoucherLookups) -> None:
    """Forget who asked about vouchers."""
    await CashService(tx).purge_lookups()


@dataclass(frozen=True, slots=True)
class PurgeTraces(Task):
    """Forget what attempts had in common, once no rule looks that far back."""


async def purge_traces(tx: Tx, _: PurgeTraces) -> None:
    """Forget the traces that are past their time."""
    await ReviewService(tx).purge_traces()
