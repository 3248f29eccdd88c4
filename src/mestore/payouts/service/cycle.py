"""The daily cycle: a payout of all that is available is asked for each vendor, once a day."""

from datetime import UTC, datetime, time
from uuid import UUID

import structlog

from mestore.kernel.clock import BOGOTA, now, today_in_bogota
from mestore.kernel.db import Database
from mestore.kernel.errors import Refusal
from mestore.payouts.repository.cycle import payees, with_enough
from mestore.payouts.service.request import request_payout
from mestore.payouts.types import PayoutPolicy
from mestore.vendors.service import VendorService

log = structlog.get_logger(__name__)

_BATCH = 200
_FIRST = UUID(int=0)
RUN_FROM, RUN_UNTIL = time(3, 0), time(7, 0)


async def run_cycle(database: Database) -> int:
    """Ask for the payouts of the day where the operator wants that; return how many.

    A repeat asks for none twice: who has a payout of the day is left out.
    """
    policy = database.policy(PayoutPolicy)
    moment = now()
    is_time = RUN_FROM <= moment.astimezone(BOGOTA).time() < RUN_UNTIL
    if not (policy.is_daily and is_time):
        return 0
    since = datetime.combine(today_in_bogota(), time(), BOGOTA).astimezone(UTC)
    asked, after = 0, _FIRST
    while True:
        async with database.read() as connection:
            found = await payees(connection, since, moment, after, _BATCH)
            due = await with_enough(connection, found, max(1, policy.minimum_minor))
        for vendor_id in due:
            asked += await _ask(database, vendor_id)
        if len(found) < _BATCH:
            return asked
        after = found[-1]


async def _ask(database: Database, vendor_id: UUID) -> bool:
    try:
        async with database.transaction() as tx:
            vendor = await VendorService(tx).get(vendor_id)
            await request_payout(tx, vendor, None, None)
    # One vendor who may not draw, or that breaks, must not keep the others from it.
    except Refusal as refusal:
        log.info("payout_not_asked_for", vendor_id=str(vendor_id), why=refusal.code)
        return False
    except Exception:
        log.exception("payout_not_asked_for", vendor_id=str(vendor_id))
        return False
    return True
