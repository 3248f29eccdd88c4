"""The words of notifications."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mestore.kernel.messages import Task


class MailKind(StrEnum):
    """What a mail is about."""

    ORDER_PLACED = "order_placed"
    ORDER_PAID = "order_paid"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a mail says, as text and as HTML; both say the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one address; a channel makes the same message of it every time."""

    id: int
    kind: MailKind
    recipient: str
    wording: Wording
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SendMail(Task):
    """Send a written mail, unless it was sent already."""

    mail_id: int
