"""SMS as lines in the log, where no provider is set: nothing leaves the machine."""

import structlog

from mestore.notifications.types import Sms

log = structlog.get_logger(__name__)

_SHOWN = 4


class SmsLog:
    """Logs each message with its number masked; its text only with `shows_text`."""

    def __init__(self, *, shows_text: bool) -> None:
        self.shows_text = shows_text

    async def send(self, sms: Sms) -> None:
        """Write a line for a message."""
        shown = {"text": sms.text} if self.shows_text else {}
        log.info("sms_to_nobody", number=masked(sms.recipient), **shown)


def masked(number: str) -> str:
    """Return a number with nothing readable but its last four digits."""
    return "*" * (len(number) - _SHOWN) + number[-_SHOWN:]
