"""The message that every channel delivers, with the same headers for the same mail."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from email_validator import validate_email

from mestore.kernel.clock import BOGOTA
from mestore.notifications.types import OutgoingMail

# RFC 5321, section 4.5.3.1.6: a line may have 998 octets before its CRLF.
_LINE_OCTETS = 998


def sender_of(text: str) -> Address:
    """Return the sender that an operator wrote as `Shop <shop@example.com>`; else ValueError."""
    header = EmailMessage(policy=SMTP)
    header["From"] = text
    addresses: tuple[Address, ...] = header["From"].addresses
    if len(addresses) != 1 or not addresses[0].domain:
        raise ValueError(f"the sender of mails must be one address, not {text!r}")
    return addresses[0]


def compose(mail: OutgoingMail, sender: Address) -> EmailMessage:
    """Return the message of a mail; ValueError where its address or subject cannot be a header."""
    recipient = _address(_plain(mail.recipient))
    message = EmailMessage(policy=SMTP if recipient.addr_spec.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = _plain(mail.wording.subject)
    message["Date"] = format_datetime(mail.created_at.astimezone(BOGOTA))
    message["Message-ID"] = f"<mail-{mail.id}@{sender.domain}>"
    message["Content-Language"] = "es-CO"
    # RFC 3834: no out-of-office note answers a mail that a program wrote.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.wording.text, cte=_encoding(mail.wording.text))
    message.add_alternative(mail.wording.html, subtype="html", cte=_encoding(mail.wording.html))
    return message


def _address(recipient: str) -> Address:
    """Return an address as it travels: its domain in ASCII, where its local part allows that."""
    found = validate_email(recipient, check_deliverability=False, test_environment=True)
    local, _, domain = (found.ascii_email or found.normalized).rpartition("@")
    return Address(username=local, domain=domain)


def _plain(text: str) -> str:
    # Line breaks are refused by the e-mail package, yet not those inside an encoded word, which
    # Python before 3.11.10 and 3.12.5 writes out as they are (CVE-2024-6923).
    if "=?" in text:
        raise ValueError("what goes into a header may not hold an encoded word")
    return text


def _encoding(body: str) -> str:
    """Return an encoding that keeps a body readable in its file, unless its lines are too long."""
    longest = max(len(line) for line in body.encode().splitlines() or [b""])
    return "8bit" if longest <= _LINE_OCTETS else "quoted-printable"
