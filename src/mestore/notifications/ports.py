"""What notifications need of the outside: a way to send a mail."""

from typing import Protocol

from mestore.notifications.types import OutgoingMail


class MailChannel(Protocol):
    """One way to deliver mails."""

    async def send(self, mail: OutgoingMail) -> None:
        """Deliver `mail`; the same mail again is the same message, by its Message-ID.

        Never called inside a transaction. Raises `MailNotTaken` where a retry may work, and
        ValueError for an address that no mail can go to.
        """
