"""Comparing a day: the gateway is asked first, then tables are read, then the run is written.

A day is Bogotá's. What was still pending at the first comparison is found by the later ones.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import structlog

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.checkout.types import Outside
from mestore.kernel.clock import BOGOTA
from mestore.kernel.db import Tx
from mestore.ledger.types import gateway_account
from mestore.payments.errors import GatewayUnavailable
from mestore.payments.types import AttemptStatus, Outcome
from mestore.reconciliation.errors import DifferenceClosed, DifferenceNotFound
from mestore.reconciliation.repository import ReconciliationRepository
from mestore.reconciliation.types import (
    Booked,
    Comparison,
    Difference,
    DifferenceKind,
    DifferenceState,
    OwnAttempt,
    RunResult,
    RunState,
)
from mestore.reconciliation.views import booked, own_attempts, ran_since

log = structlog.get_logger(__name__)

MARGIN = timedelta(hours=1)
"""A gateway begins a transaction a moment after us, perhaps on the next day."""

COMPARED_AGAIN_AFTER_DAYS = (1, 3, 9)
"""A bank transfer may end two days later, a cash voucher nine."""

RUN_FROM = time(2, 0)


def day_of(day: date) -> tuple[datetime, datetime]:
    """Return where a day of Bogotá begins and ends."""
    begins = datetime.combine(day, time(), BOGOTA)
    return begins, begins + timedelta(days=1)


async def reconcile(outside: Outside, gateway: str, day: date) -> RunResult:
    """Compare one gateway's day and store what disagrees; raises `GatewayUnavailable`."""
    since, until = day_of(day)
    listed = await outside.gateways[gateway].transactions(since - MARGIN, until + MARGIN)
    if listed is None:
        found, state = Comparison(0, ()), RunState.NO_LIST
    else:
        found, state = await _compare_day(outside, gateway, day, listed), RunState.DONE
    async with outside.database.transaction() as tx:
        runs = ReconciliationRepository(tx.connection)
        run_id = await runs.save_run(gateway, day, state, found.matched)
        left = await runs.replace_open(run_id, found.differences)
    return RunResult(gateway, day, state, found.matched, left)


async def _compare_day(
    outside: Outside, gateway: str, day: date, listed: Sequence[Outcome]
) -> Comparison:
    since, until = day_of(day)
    async with outside.database.read() as connection:
        references = [each.reference for each in listed]
        own = await own_attempts(connection, gateway, references, since, until)
        keys = [f"unapplied:{gateway}:{each.transaction_id}" for each in listed]
        keys += [f"capture:{each.order_id}" for each in own]
        order_ids = [each.order_id for each in own]
        books = await booked(connection, gateway_account(gateway), keys, order_ids)
    taken = [each for each in listed if _is_within(each, since, until)]
    return compare(gateway, taken, listed, own, books)


async def reconcile_due(outside: Outside, moment: datetime) -> list[RunResult]:
    """Compare each day that is due at `moment`; where that fails, the day stays due."""
    here = moment.astimezone(BOGOTA)
    if here.time() < RUN_FROM:
        return []
    days = [here.date() - timedelta(days=age) for age in COMPARED_AGAIN_AFTER_DAYS]
    async with outside.database.read() as connection:
        done = await ran_since(connection, day_of(here.date())[0], days)
    results = []
    for gateway in outside.gateways:
        for day in days:
            if (gateway, day) in done:
                continue
            try:
                results.append(await reconcile(outside, gateway, day))
            except GatewayUnavailable:
                log.warning("reconciliation_postponed", gateway=gateway, day=day.isoformat())
            except Exception:
                # One gateway that breaks must not keep the others from being compared.
                log.exception("reconciliation_failed", gateway=gateway, day=day.isoformat())
    return results


def compare(
    gateway: str,
    taken: Sequence[Outcome],
    listed: Sequence[Outcome],
    own: Sequence[OwnAttempt],
    books: Booked,
) -> Comparison:
    """Compare in both directions: `taken` of the day with us, ours of the day with `listed`."""
    attempts = {each.reference: each for each in own}
    captured: set[int] = set()
    differences = []
    for theirs in taken:
        if theirs.status is AttemptStatus.APPROVED:
            attempt = attempts.get(theirs.reference)
            differences.append(_missing_here(gateway, theirs, attempt, books, captured))
    there = {each.transaction_id: each for each in listed}
    for attempt in own:
        if attempt.status is AttemptStatus.APPROVED:
            known = there.get(attempt.transaction_id or "")
            if known is None or known.status is not AttemptStatus.APPROVED:
                differences.append(_missing_there(attempt, known, books))
    found = [each for each in differences if each is not None]
    return Comparison(len(differences) - len(found), tuple(found))


def _missing_here(
    gateway: str,
    theirs: Outcome,
    attempt: OwnAttempt | None,
    books: Booked,
    captured: set[int],
) -> Difference | None:
    """Return how the gateway's money disagrees with ours; a sale's entry serves one of them."""
    is_ours = (
        attempt is not None
        and attempt.status is AttemptStatus.APPROVED
        and attempt.transaction_id == theirs.transaction_id
    )
    payment_minor = attempt.amount_minor if attempt is not None and is_ours else None
    ledger_minor = books.amounts.get(f"unapplied:{gateway}:{theirs.transaction_id}")
    is_queued = ledger_minor is not None
    if attempt is not None and is_ours and not is_queued and attempt.order_id not in captured:
        ledger_minor = books.amounts.get(f"capture:{attempt.order_id}")
        captured.add(attempt.order_id)
    if ledger_minor is None or not (is_ours or is_queued):
        kind = DifferenceKind.MISSING_HERE
    elif {ledger_minor, payment_minor} - {None} != {theirs.amount_minor}:
        kind = DifferenceKind.AMOUNT_DIFFERS
    else:
        return None
    return Difference(
        kind,
        theirs.reference,
        theirs.transaction_id,
        attempt.order_id if attempt else None,
        theirs.amount_minor,
        payment_minor,
        ledger_minor,
    )


def _missing_there(attempt: OwnAttempt, known: Outcome | None, books: Booked) -> Difference | None:
    """Return how our money disagrees with a gateway that has none of it, unless it went back."""
    is_voided = known is not None and known.status is AttemptStatus.VOIDED
    if is_voided and attempt.order_id in books.refunded_orders:
        return None
    return Difference(
        DifferenceKind.MISSING_THERE,
        attempt.reference,
        attempt.transaction_id or "",
        attempt.order_id,
        None,
        attempt.amount_minor,
        books.amounts.get(f"capture:{attempt.order_id}"),
    )


def _is_within(outcome: Outcome, since: datetime, until: datetime) -> bool:
    return outcome.happened_at is None or since <= outcome.happened_at < until


class ReconciliationService:
    """Closes differences, each with a reason."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.differences = ReconciliationRepository(tx.connection)

    async def close(self, difference_id: int, reason: str, by: UUID) -> None:
        """Close a difference; raises `DifferenceNotFound` or `DifferenceClosed`."""
        if not await self.differences.close(difference_id, reason, by):
            if await self.differences.exists(difference_id):
                raise DifferenceClosed
            raise DifferenceNotFound
        record(
            self.tx,
            Act.DIFFERENCE_CLOSED,
            Subject.DIFFERENCE,
            difference_id,
            before={"state": DifferenceState.OPEN},
            after={"state": DifferenceState.CLOSED, "reason": reason},
        )
