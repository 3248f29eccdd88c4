"""Mails through an SMTP server."""

import aiosmtplib

from mestore.kernel.network import no_network_in_a_transaction
from mestore.notifications.adapters.mime import compose, sender_of
from mestore.notifications.errors import MailNotTaken
from mestore.notifications.types import OutgoingMail

_TIMEOUT_SECONDS = 20.0
_SUBMISSIONS_PORT = 465


class SmtpMail:
    """Sends mails through one server, a connection each.

    With `starttls` a server that offers no encryption gets neither password nor mail. Port 465
    is encrypted from the first byte (RFC 8314).
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str | None,
        password: str | None,
        starttls: bool,
        sender: str,
    ) -> None:
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.is_encrypted_at_once = port == _SUBMISSIONS_PORT
        self.starttls = starttls and not self.is_encrypted_at_once
        self.sender = sender_of(sender)

    async def send(self, mail: OutgoingMail) -> None:
        """Hand a mail to the server; raises `MailNotTaken`, then nobody got it or nobody knows."""
        await no_network_in_a_transaction(mail)
        message = compose(mail, self.sender)
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.is_encrypted_at_once,
                start_tls=self.starttls,
                local_hostname=self.sender.domain,
                timeout=_TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotTaken(reason=f"{type(error).__name__}: {error}") from error
