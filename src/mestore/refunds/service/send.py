"""Sending a refund to its gateway once, and following it to its end."""

from collections.abc import Collection
from datetime import timedelta

import structlog

from mestore.checkout.types import Outside
from mestore.kernel.clock import now
from mestore.payments.errors import (
    Declined,
    GatewayUnavailable,
    NotSubmitted,
    OutcomeUnknown,
    TransactionUnknown,
)
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import was_not_received
from mestore.payments.types import RefundOutcome, RefundStatus
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.finish import apply, fail, is_taken, postpone, stop
from mestore.refunds.types import ASKED_STATES, Refund, RefundState

log = structlog.get_logger(__name__)

_ASK_FIRST_AFTER = timedelta(minutes=1)
TAKEN = "TAKEN_BY_BANK"
"""The code of a refund that was not sent because a bank took the money first."""

SENT_BEFORE = "SENT_BEFORE"
"""The code of a refund that is sent again, since nothing was seen of it."""


async def send(outside: Outside, refund_id: int) -> None:
    """Send a refund that waits for it; who claims it first sends it, nobody twice."""
    async with outside.database.transaction() as tx:
        refunds = RefundRepository(tx.connection)
        refund = await refunds.find(refund_id)
        if refund is None or refund.state is not RefundState.REQUESTED:
            return
        if await is_taken(tx, refund):
            await stop(tx, refund, RefundState.DECLINED, TAKEN)
            return
        gateway = outside.gateways.get(refund.gateway)
        if gateway is not None and await _has_to_wait(refunds, gateway, refund):
            await _stay(refunds, refund, (RefundState.REQUESTED,))
            return
        claimed = await refunds.move(
            refund_id,
            (RefundState.REQUESTED,),
            RefundState.SUBMITTED,
            poll_at=now() + _ASK_FIRST_AFTER,
        )
    if not claimed:
        return
    if gateway is None:
        await _unclaim(outside, refund)
        return
    await _call(outside, gateway, refund)


async def _call(outside: Outside, gateway: PaymentGateway, refund: Refund) -> None:
    try:
        outcome = await gateway.refund(refund.order())
    except NotSubmitted:
        await _unclaim(outside, refund)
        return
    except Declined as refusal:
        await _decline(outside, gateway, refund, refusal)
        return
    except OutcomeUnknown:
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, RefundState.UNKNOWN)
        return
    async with outside.database.transaction() as tx:
        await apply(tx, refund, outcome)


async def _has_to_wait(refunds: RefundRepository, gateway: PaymentGateway, refund: Refund) -> bool:
    """Say whether another refund of the charge is under way where one at a time is taken.

    The payment is held by now, so that no rival claims another one meanwhile.
    """
    if not gateway.profile.refunds_one_at_a_time:
        return False
    rivals = await refunds.all_open_of(refund.gateway, refund.transaction_id)
    return any(each.id != refund.id and each.state in ASKED_STATES for each in rivals)


async def _decline(
    outside: Outside, gateway: PaymentGateway, refund: Refund, refusal: Declined
) -> None:
    """End a refund that its gateway refuses, unless it refuses what it has made before."""
    try:
        made = await gateway.find_refund(refund.order(), refund.gateway_refund_id)
    except (GatewayUnavailable, TransactionUnknown):
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, RefundState.UNKNOWN)
        return
    async with outside.database.transaction() as tx:
        if made is not None and made.status is RefundStatus.APPROVED:
            await apply(tx, refund, made)
            return
        if made is not None and refund.code == SENT_BEFORE:
            # The refusal may be of the second sending alone: nobody says that the first is not.
            await postpone(tx, refund, RefundState.UNKNOWN)
            return
        reason = str(refusal.details.get("reason", refusal.code))
        await fail(tx, refund, RefundState.DECLINED, reason[:100])


async def _unclaim(outside: Outside, refund: Refund, **more: object) -> None:
    """Let a refund that its gateway has not, or knows again, be sent later."""
    async with outside.database.transaction() as tx:
        await _stay(RefundRepository(tx.connection), refund, ASKED_STATES, **more)


async def _stay(
    refunds: RefundRepository, refund: Refund, come_from: Collection[RefundState], **more: object
) -> None:
    later = now() + _ASK_FIRST_AFTER
    to = RefundState.REQUESTED
    await refunds.move(refund.id, come_from, to, polls=0, poll_at=later, **more)


async def follow(outside: Outside, refund: Refund) -> None:
    """Send what waits for it; ask about what was sent."""
    if refund.state is RefundState.REQUESTED:
        await send(outside, refund.id)
        return
    gateway = outside.gateways.get(refund.gateway)
    try:
        if gateway is None:
            raise GatewayUnavailable
        outcome = await gateway.find_refund(refund.order(), refund.gateway_refund_id)
    except (GatewayUnavailable, TransactionUnknown):
        log.warning("gateway_did_not_answer", gateway=refund.gateway, refund=refund.reference)
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, refund.state)
        return
    if _may_be_absent(gateway, outcome) and _was_not_received(refund):
        await _unclaim(outside, refund, code=SENT_BEFORE)
    elif outcome is not None:
        async with outside.database.transaction() as tx:
            await apply(tx, refund, outcome)
    else:
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, refund.state)


def _may_be_absent(gateway: PaymentGateway, outcome: RefundOutcome | None) -> bool:
    """Say whether a refund may be sent again: it is not there, or its gateway knows it again."""
    if outcome is None:
        return True
    return outcome.status is RefundStatus.UNKNOWN and gateway.profile.knows_refunds_again


def _was_not_received(refund: Refund) -> bool:
    """Say whether a gateway that knows nothing of a refund may be believed by now.

    One that it has acknowledged is there, whatever it shows.
    """
    if refund.state is RefundState.PENDING:
        return False
    is_quiet = now() - refund.updated_at > _ASK_FIRST_AFTER and refund.gateway_refund_id is None
    return is_quiet and was_not_received(refund.created_at, refund.polls)
