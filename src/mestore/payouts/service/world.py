"""What sending payouts needs of the world."""

from dataclasses import dataclass

from mestore.kernel.db import Database
from mestore.payouts.errors import ChannelMissing
from mestore.payouts.ports import PayoutChannel
from mestore.payouts.types import Channel


@dataclass(frozen=True, slots=True)
class PayoutWorld:
    """The database, and the provider that pays where one is set up."""

    database: Database
    provider: PayoutChannel | None = None

    def check(self, channel: Channel) -> None:
        """Refuse a channel that is not set up; raises `ChannelMissing`."""
        if channel is Channel.WOMPI and self.provider is None:
            raise ChannelMissing(channel=channel.value)
