"""Wompi's "Pagos a Terceros" on the wire: answers, refusals, events and their checksum.

Formats: docs.wompi.co/docs/colombia/, pages pagos-a-terceros and eventos-pagos-a-terceros. The
names in lists of lines follow those of the events; unknown fields are passed over.
"""

import msgspec


class Bank(msgspec.Struct):
    """A bank by Wompi's own id."""

    id: str
    code: str


class BanksReply(msgspec.Struct):
    """The answer to GET /banks."""

    data: list[Bank]


class Made(msgspec.Struct, rename="camel"):
    """What became of a batch: how many of its lines were taken."""

    payout_id: str
    failed: int = 0


class MadeReply(msgspec.Struct):
    """The answer to POST /payouts."""

    data: Made


class PayoutPart(msgspec.Struct):
    """A batch as the API shows it."""

    id: str
    status: str
    reference: str | None = None


class PayoutReply(msgspec.Struct):
    """The answer to GET /payouts/{id}."""

    data: PayoutPart


class PayoutsReply(msgspec.Struct):
    """The answer to GET /payouts."""

    data: list[PayoutPart]


class LinePart(msgspec.Struct, rename="camel"):
    """A line of a batch; `failure_reason` is one of the codes D02 to D49."""

    id: str
    reference: str
    status: str
    amount_in_cents: int
    failure_reason: str | None = None


class LinesReply(msgspec.Struct):
    """The answer to GET /payouts/{id}/transactions."""

    data: list[LinePart]


class Refusal(msgspec.Struct):
    """The body of every refusal: `EXC_022` and the like."""

    code: str
    message: str = ""
