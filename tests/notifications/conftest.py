"""The program's own event map over the test's database, and a mail server to send through."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mestore import subscriptions
from mestore.checkout.types import Outside
from mestore.kernel.db import Database
from mestore.kernel.jobs import Worker
from mestore.kernel.outbox import Outbox
from mestore.media.adapters.disk import DiskBlobs
from mestore.notifications.adapters.files import MailFiles
from mestore.notifications.adapters.sms_log import SmsLog
from mestore.notifications.ports import MailChannel
from tests.notifications.mail_server import MailServer

NO_BLOBS = DiskBlobs(Path(), "/media")
NO_SMS = SmsLog(shows_text=True)
SENDER = "MeStore <no-reply@example.com>"
WorkerOf = Callable[[MailChannel], Worker]


@pytest.fixture
def mail_files(tmp_path: Path) -> MailFiles:
    """A channel that writes files under the test's own folder."""
    return MailFiles(tmp_path / "mail", SENDER)


@pytest.fixture
def worker_of(database: Database) -> WorkerOf:
    """`worker_of(channel)` is a job loop that sends through `channel`."""
    outside = Outside(database, {}, "http://test")
    return lambda channel: Worker(
        database, subscriptions.routes(outside, channel, NO_SMS, NO_BLOBS)
    )


@pytest.fixture
def database(database: Database, mail_files: MailFiles) -> Database:
    """The database of this test; its messages go where the event map says."""
    routes = subscriptions.routes(
        Outside(database, {}, "http://test"), mail_files, NO_SMS, NO_BLOBS
    )
    database.outbox = Outbox(subscriptions.addresses(routes))
    return database


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A running SMTP server that keeps what it gets."""
    async with MailServer() as server:
        yield server
