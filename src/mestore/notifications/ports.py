"""What notifications need of the outside: ways to send a mail and an SMS."""

from typing import Protocol

from mestore.notifications.types import OutgoingMail, Sms


class MailChannel(Protocol):
    """One way to deliver mails."""

    async def send(self, mail: OutgoingMail) -> None:
        """Deliver `mail`; the same mail again is the same message, by its Message-ID.

        Never called inside a transaction. Raises `MailNotTaken` where a retry may work, and
        ValueError for an address that no mail can go to.
        """


class SmsChannel(Protocol):
    """One way to deliver text messages."""

    async def send(self, sms: Sms) -> None:
        """Deliver `sms`; never called inside a transaction.

        Raises `SmsNotTaken` where a retry may work, and `SmsRefused` where this number cannot get
        this message.
        """
