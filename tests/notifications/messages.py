"""Mails to send in tests, and messages as a mail program reads them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from mestore.notifications.types import MailKind, OutgoingMail, Wording


def mail(
    recipient: str = "ana@example.com",
    subject: str = "Pago aprobado",
    text: str = "Hola, Ana\n",
    html: str = "<p>Hola, Ana</p>\n",
) -> OutgoingMail:
    """Return a mail with defaults that work."""
    created = datetime(2026, 11, 20, 20, 45, tzinfo=UTC)
    return OutgoingMail(12, MailKind.ORDER_PAID, recipient, Wording(subject, text, html), created)


def read(content: bytes) -> EmailMessage:
    """Return a message as a mail program reads it."""
    return message_from_bytes(content, policy=SMTP)


def bodies(message: EmailMessage) -> dict[str, str]:
    """Return the parts of a message by their type, with plain line ends."""
    found = {}
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        found[part.get_content_type()] = part.get_content().replace("\r\n", "\n")
    return found
