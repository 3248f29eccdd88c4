"""Sending a refund to its gateway once, and following it to its end."""

from datetime import timedelta

import structlog

from mestore.checkout.types import Outside
from mestore.kernel.clock import now
from mestore.payments.errors import Declined, GatewayUnavailable, NotSubmitted, OutcomeUnknown
from mestore.payments.ports import PaymentGateway
from mestore.refunds.repository import RefundRepository
from mestore.refunds.service.finish import apply, fail, postpone
from mestore.refunds.types import ASKED_STATES, Refund, RefundState

log = structlog.get_logger(__name__)

_ASK_FIRST_AFTER = timedelta(minutes=1)
_NOT_RECEIVED_AFTER = timedelta(minutes=15)
_NOT_RECEIVED_POLLS = 2


async def send(outside: Outside, refund_id: int) -> None:
    """Send a refund that waits for it; who claims it first sends it, nobody twice."""
    async with outside.database.transaction() as tx:
        refunds = RefundRepository(tx.connection)
        refund = await refunds.find(refund_id)
        if refund is None or refund.state is not RefundState.REQUESTED:
            return
        claimed = await refunds.move(
            refund_id,
            (RefundState.REQUESTED,),
            RefundState.SUBMITTED,
            poll_at=now() + _ASK_FIRST_AFTER,
        )
    if not claimed:
        return
    gateway = outside.gateways.get(refund.gateway)
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
        async with outside.database.transaction() as tx:
            reason = str(refusal.details.get("reason", refusal.code))
            await fail(tx, refund, RefundState.DECLINED, reason[:100])
        return
    except OutcomeUnknown:
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, RefundState.UNKNOWN)
        return
    async with outside.database.transaction() as tx:
        await apply(tx, refund, outcome)


async def _unclaim(outside: Outside, refund: Refund) -> None:
    """Let a refund that surely did not reach its gateway be sent later."""
    async with outside.database.transaction() as tx:
        await RefundRepository(tx.connection).move(
            refund.id,
            ASKED_STATES,
            RefundState.REQUESTED,
            polls=0,
            poll_at=now() + _ASK_FIRST_AFTER,
        )


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
    except GatewayUnavailable:
        log.warning("gateway_did_not_answer", gateway=refund.gateway, refund=refund.reference)
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, refund.state)
        return
    if outcome is not None:
        async with outside.database.transaction() as tx:
            await apply(tx, refund, outcome)
    elif _was_not_received(refund):
        await _unclaim(outside, refund)
    else:
        async with outside.database.transaction() as tx:
            await postpone(tx, refund, refund.state)


def _was_not_received(refund: Refund) -> bool:
    """Say whether a gateway that knows nothing of a refund may be believed by now."""
    old = now() - refund.updated_at > _ASK_FIRST_AFTER and (
        now() - refund.created_at > _NOT_RECEIVED_AFTER
    )
    return old and refund.polls >= _NOT_RECEIVED_POLLS and refund.gateway_refund_id is None
