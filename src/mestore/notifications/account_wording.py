"""What the messages about an account say; the secrets in them are kept nowhere else."""

from datetime import datetime

from mestore.accounts.types.verification import MadeCode, MadeLink
from mestore.kernel.clock import now
from mestore.kernel.ids import uuid7
from mestore.notifications.rendering import wording
from mestore.notifications.types import MailKind, OutgoingMail, Sms, Wording


def code_mail(made: MadeCode) -> OutgoingMail:
    """Return the mail with a code and a link that verify an address."""
    said = wording(
        MailKind.EMAIL_CODE,
        "Verifica tu correo",
        name=made.first_name,
        code=made.code,
        link=made.link,
        minutes=made.minutes,
    )
    return _mail(MailKind.EMAIL_CODE, made.address, said)


def code_sms(made: MadeCode) -> Sms:
    """Return the SMS with a code; at most 70 characters, one message in any alphabet."""
    text = f"MeStore: tu código es {made.code}. Vence en {made.minutes} minutos. No lo compartas."
    return Sms(made.address, text)


def reset_mail(made: MadeLink) -> OutgoingMail:
    """Return the mail with a link to set a new password."""
    said = wording(
        MailKind.PASSWORD_RESET,
        "Restablece tu contraseña",
        name=made.first_name,
        link=made.link,
        minutes=made.minutes,
    )
    return _mail(MailKind.PASSWORD_RESET, made.address, said)


def password_changed(name: str, changed_at: datetime) -> Wording:
    """Return the mail that tells of a new password."""
    return wording(
        MailKind.PASSWORD_CHANGED, "Tu contraseña cambió", name=name, changed_at=changed_at
    )


def bank_account_changed(
    name: str, ends_in: str, changed_at: datetime, usable_from: datetime
) -> Wording:
    """Return the mail that tells of another bank account; of its number the last four digits."""
    return wording(
        MailKind.BANK_ACCOUNT_CHANGED,
        "Tu cuenta bancaria cambió",
        name=name,
        ends_in=ends_in,
        changed_at=changed_at,
        usable_from=usable_from if usable_from > changed_at else None,
    )


def _mail(kind: MailKind, recipient: str, said: Wording) -> OutgoingMail:
    # A retry holds another secret, so it has to be another message.
    return OutgoingMail(uuid7().hex, kind, recipient, said, now())
