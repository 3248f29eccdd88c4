"""What payments tell the other rooms."""

from dataclasses import dataclass

from mestore.kernel.messages import Event


@dataclass(frozen=True, slots=True)
class SignalReceived(Event):
    """A gateway's verified signal was stored and nobody has acted on it yet."""

    event_id: int
