"""Money back by Wompi: the void of a whole card payment, and the refunds API.

Facts: docs.wompi.co/en/docs/colombia/reembolsos-sandbox/ for `POST /refunds`, which says nothing of
production, of methods or of asking for a refund again; so only a void can be looked up.
"""

from typing import Any

import httpx2
import structlog

from mestore.kernel.adapters import wompi_events
from mestore.payments.adapters import wompi_wire as wire
from mestore.payments.adapters.wompi_mapping import reason_of
from mestore.payments.errors import Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.types import PaymentMethod, RefundOrder, RefundOutcome, RefundStatus

log = structlog.get_logger(__name__)

REASON_LENGTH = 100
STATUSES = {"APPROVED": RefundStatus.APPROVED, "ERROR": RefundStatus.ERROR}
REFUSED = frozenset({"DECLINED", "CANCELLED"})


def check_void(order: RefundOrder) -> None:
    """Raise `Declined` for what no void gives back."""
    if order.method is not PaymentMethod.CARD or order.amount_minor != order.charged_minor:
        raise Declined(reason="Wompi gives card payments back as a whole only")


def refund_of(order: RefundOrder) -> dict[str, Any]:
    """Return a refund as it is sent, our reference in it."""
    return {
        "transaction_id": order.transaction_id,
        "amount_in_cents": order.amount_minor,
        "reason": order.reason[:REASON_LENGTH],
        "reference": order.reference,
    }


def read_void(response: httpx2.Response, order: RefundOrder) -> RefundOutcome:
    """Return what a void came to: all of it at once, or nothing."""
    answer = _read(response, order, wire.VoidReply).data
    if answer.status != "APPROVED":
        raise Declined(reason=answer.status_message or answer.status)
    return RefundOutcome(RefundStatus.APPROVED, order.transaction_id)


def read_refund(response: httpx2.Response, order: RefundOrder) -> RefundOutcome:
    """Return what a refund came to; a status that Wompi never documented is not final."""
    answer = _read(response, order, wire.RefundReply).data
    if answer.status in REFUSED:
        raise Declined(reason=answer.status_message or answer.status)
    status = STATUSES.get(answer.status, RefundStatus.PENDING)
    refund_id = str(answer.id) if answer.id is not None else None
    code = answer.status_message if status is RefundStatus.ERROR else None
    return RefundOutcome(status, refund_id, code)


def _read(
    response: httpx2.Response, order: RefundOrder, reply: type[wompi_events.Reply]
) -> wompi_events.Reply:
    if response.status_code == 422:
        messages = wire.messages_of(response.content)
        if "reference" in messages:
            raise OutcomeUnknown("the reference is taken")
        raise Declined(reason=reason_of(messages) or "Wompi refuses to give this back")
    if response.status_code in wire.NOT_PROCESSED:
        log.error("wompi_refused_a_refund", status=response.status_code, at=order.reference)
        raise NotSubmitted
    if not response.is_success:
        raise OutcomeUnknown(f"Wompi answered {response.status_code}")
    try:
        return wompi_events.decode(response.content, reply)
    except wompi_events.NotWompi as error:
        raise OutcomeUnknown("the answer is broken") from error
