"""Work of notifications that waits for the network."""

import structlog

from mestore.accounts.events import CodeRequested, PasswordResetRequested
from mestore.accounts.service.recovery import RecoveryService
from mestore.accounts.service.verification import VerificationService
from mestore.accounts.types.verification import CodePurpose
from mestore.kernel.db import Database, Tx
from mestore.notifications.account_wording import code_mail, code_sms, reset_mail
from mestore.notifications.errors import SmsRefused
from mestore.notifications.ports import MailChannel, SmsChannel
from mestore.notifications.service import MailService
from mestore.notifications.types import PurgeMails, SendMail

__all__ = ["PurgeMails", "SendMail", "purge_mails", "send_code", "send_mail", "send_reset_link"]

log = structlog.get_logger(__name__)


async def send_mail(task: SendMail, *, database: Database, channel: MailChannel) -> None:
    """Send a mail that was not sent yet; one whose process died in between may go out twice.

    Both copies then carry the same Message-ID, by which mail programs show them as one.
    """
    async with database.transaction() as tx:
        mail = await MailService(tx).unsent(task.mail_id)
    if mail is None:
        return
    await channel.send(mail)
    async with database.transaction() as tx:
        await MailService(tx).mark_sent(task.mail_id)


async def purge_mails(tx: Tx, task: PurgeMails) -> None:
    """Delete one batch of old mails, and ask for another run where there may be more."""
    if await MailService(tx).purge():
        tx.enqueue(task)


async def send_code(
    event: CodeRequested, *, database: Database, mail: MailChannel, sms: SmsChannel
) -> None:
    """Have a one-time code made and send it; a retry sends another one, the only one that works.

    The plain code is never stored, so it exists only from here to its reader.
    """
    async with database.transaction() as tx:
        made = await VerificationService(tx).make(event.code_id)
    if made is None:
        return
    if made.purpose is CodePurpose.EMAIL:
        await mail.send(code_mail(made))
        return
    try:
        await sms.send(code_sms(made))
    except SmsRefused as refusal:
        # No retry can help; the user learns it by no code coming, and corrects the number.
        log.warning("sms_refused", code_id=str(event.code_id), reason=refusal.details["reason"])


async def send_reset_link(
    event: PasswordResetRequested, *, database: Database, channel: MailChannel
) -> None:
    """Have a link made that resets a password, and mail it; a retry mails another one."""
    async with database.transaction() as tx:
        made = await RecoveryService(tx).make_link(event.user_id, event.requested_at)
    if made is not None:
        await channel.send(reset_mail(made))
