"""The event map: who reacts to what. Read it to know what follows from a fact."""

from collections import defaultdict
from collections.abc import Sequence

from mestore.accounts.events import (
    MfaDisabled,
    MfaEnabled,
    UserActivated,
    UserInvited,
    UserRegistered,
    UserSuspended,
)
from mestore.bulk.service.workshop import Workshop
from mestore.checkout.types import Outside
from mestore.disputes.events import DisputeOpened
from mestore.kernel.jobs import Route
from mestore.kernel.messages import Message
from mestore.media.ports import BlobStore
from mestore.notifications.ports import MailChannel, SmsChannel
from mestore.payouts.events import (
    PayoutPaid,
    PayoutRequested,
    PayoutReturned,
)
from mestore.payouts.service.world import PayoutWorld
from mestore.search.service.vectors import Vectors
from mestore.subscriptions.catalogue import catalogue_routes
from mestore.subscriptions.money import money_routes
from mestore.subscriptions.people import people_routes
from mestore.subscriptions.times import PERIODIC

__all__ = ["PERIODIC", "UNHEARD", "addresses", "routes"]

# Facts that nobody reacts to yet: published all the same, so that listening is one line here.
UNHEARD: tuple[type[Message], ...] = (
    MfaEnabled,
    MfaDisabled,
    UserRegistered,
    UserInvited,
    UserSuspended,
    UserActivated,
    DisputeOpened,
    PayoutRequested,
    PayoutPaid,
    PayoutReturned,
)


def routes(
    outside: Outside,
    mail: MailChannel,
    sms: SmsChannel,
    blobs: BlobStore,
    payouts: PayoutWorld | None = None,
    workshop: Workshop | None = None,
    vectors: Vectors | None = None,
) -> Sequence[Route]:
    """Return every message with the handlers that it goes to."""
    database = outside.database
    return (
        *catalogue_routes(database, blobs, workshop, vectors),
        *money_routes(outside, payouts or PayoutWorld(database)),
        *people_routes(database, mail, sms),
    )


def addresses(found: Sequence[Route]) -> dict[type[Message], tuple[str, ...]]:
    """Return the names of the handlers of each message, as the outbox needs them."""
    names: defaultdict[type[Message], list[str]] = defaultdict(list)
    for route in found:
        names[route.message].append(route.name)
    heard = {message: tuple(handlers) for message, handlers in names.items()}
    return {**dict.fromkeys(UNHEARD, ()), **heard}
