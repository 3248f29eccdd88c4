"""The words of notifications."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from mestore.kernel.messages import Task


class MailKind(StrEnum):
    """What a mail is about."""

    ORDER_PLACED = "order_placed"
    ORDER_PAID = "order_paid"
    ORDER_REFUNDED = "order_refunded"
    ORDER_IN_REVIEW = "order_in_review"
    ORDER_PAYABLE = "order_payable"
    ORDER_REFUSED = "order_refused"
    LOW_STOCK = "low_stock"
    EMAIL_CODE = "email_code"
    PASSWORD_RESET = "password_reset"  # noqa: S105  no secret
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  no secret
    BANK_ACCOUNT_CHANGED = "bank_account_changed"
    PRICES_DROPPED = "prices_dropped"
    MATCHES_FOUND = "matches_found"


@dataclass(frozen=True, slots=True)
class MailPolicy:
    """How long written mails are kept."""

    keep: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a mail says, as text and as HTML; both say the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one address; a channel makes the same message of it every time.

    Its id is that of its row, or a text where it holds a secret and so has no row.
    """

    id: int | str
    kind: MailKind
    recipient: str
    wording: Wording
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Sms:
    """One text message to one number, in E.164."""

    recipient: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendMail(Task):
    """Send a written mail, unless it was sent already."""

    mail_id: int


@dataclass(frozen=True, slots=True)
class PurgeMails(Task):
    """Delete mails that were written long ago, sent or not."""
