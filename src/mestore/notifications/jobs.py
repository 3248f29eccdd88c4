"""Work of notifications that waits for the network."""

from mestore.kernel.db import Database
from mestore.notifications.ports import MailChannel
from mestore.notifications.service import MailService
from mestore.notifications.types import SendMail

__all__ = ["SendMail", "send_mail"]


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
        await MailService(tx).mark_sent(mail.id)
