from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mestore.kernel.clock import now
from mestore.kernel.db import Database, in_transaction
from mestore.kernel.jobs import MAXIMUM_TRIES
from mestore.kernel.outbox import Job, JobState
from mestore.notifications import service
from mestore.notifications.adapters.smtp import SmtpMail
from mestore.notifications.errors import MailNotFound
from mestore.notifications.jobs import SendMail, send_mail
from mestore.notifications.models import Mail
from mestore.notifications.repository import MailRepository
from mestore.notifications.types import MailKind, MailPolicy, OutgoingMail, PurgeMails
from tests.conftest import MovedClock
from tests.notifications.conftest import SENDER, WorkerOf
from tests.notifications.mail_server import MailServer

RECIPIENT = "ana@example.com"


@dataclass(slots=True)
class Kept:
    """A channel that keeps what it is given, and notes any transaction that was open."""

    mails: list[OutgoingMail] = field(default_factory=list)
    were_in_transaction: list[bool] = field(default_factory=list)

    async def send(self, mail: OutgoingMail) -> None:
        """Keep a mail."""
        self.were_in_transaction.append(in_transaction())
        self.mails.append(mail)


async def write_mail(
    database: Database, html: str = "<p>Confirmamos tu pago.</p>\n", *, order_id: int = 7
) -> int:
    """Write a mail with its job, and return its id."""
    values = {
        "dedupe_key": f"order_paid:{order_id}:buyer",
        "kind": MailKind.ORDER_PAID,
        "recipient": RECIPIENT,
        "subject": "Pago aprobado: niño",
        "text": "Confirmamos tu pago. ¡Listo!\n",
        "html": html,
        "created_at": now(),
        "sent_at": None,
    }
    async with database.transaction() as tx:
        mail_id = await MailRepository(tx.connection).add(values)
        tx.enqueue(SendMail(mail_id))
    return mail_id


async def sent_at(database: Database, mail_id: int) -> datetime | None:
    """Return when a mail was sent."""
    async with database.read() as connection:
        query = select(Mail.sent_at).where(Mail.id == mail_id)
        return (await connection.execute(query)).scalar_one()


async def job(database: Database) -> tuple[JobState, int, str | None]:
    """Return (state, tries, error) of the only job."""
    async with database.read() as connection:
        row = (await connection.execute(select(Job.state, Job.tries, Job.error))).one()
    return row.state, row.tries, row.error


def smtp_at(port: int) -> SmtpMail:
    """Return a channel to a server on the loopback."""
    return SmtpMail(
        host="127.0.0.1", port=port, user=None, password=None, starttls=False, sender=SENDER
    )


async def test_a_mail_is_sent_once_and_outside_any_transaction(database: Database) -> None:
    channel = Kept()
    mail_id = await write_mail(database)

    await send_mail(SendMail(mail_id), database=database, channel=channel)
    first = await sent_at(database, mail_id)
    await send_mail(SendMail(mail_id), database=database, channel=channel)

    assert [mail.id for mail in channel.mails] == [mail_id]
    assert channel.mails[0].recipient == RECIPIENT
    assert channel.mails[0].wording.subject == "Pago aprobado: niño"
    assert channel.were_in_transaction == [False]
    assert first is not None
    assert await sent_at(database, mail_id) == first


async def test_a_long_mail_is_kept_whole(database: Database) -> None:
    channel, html = Kept(), "<p>niño</p>\n" * 50_000
    mail_id = await write_mail(database, html)

    await send_mail(SendMail(mail_id), database=database, channel=channel)

    assert [mail.wording.html for mail in channel.mails] == [html]


async def test_a_mail_that_does_not_exist_is_not_sent(database: Database) -> None:
    channel = Kept()

    with pytest.raises(MailNotFound):
        await send_mail(SendMail(1), database=database, channel=channel)

    assert channel.mails == []


async def test_a_server_that_is_down_gets_the_mail_when_it_is_back(
    database: Database, worker_of: WorkerOf, mail_server: MailServer, clock: MovedClock
) -> None:
    port = mail_server.port
    await mail_server.__aexit__()
    worker = worker_of(smtp_at(port))
    mail_id = await write_mail(database)

    assert await worker.run_due() == 1
    state, tries, error = await job(database)
    assert (state, tries) == (JobState.READY, 1)
    assert error is not None
    assert error.startswith("MailNotTaken: The mail server did not take the mail: SMTPConnectError")
    assert await sent_at(database, mail_id) is None

    await mail_server.__aenter__()
    assert await worker.run_due() == 0
    clock.advance(timedelta(seconds=3))
    assert await worker.run_due() == 1

    assert (await job(database))[:2] == (JobState.DONE, 2)
    assert await sent_at(database, mail_id) is not None
    assert [mail.recipients for mail in mail_server.inbox] == [[RECIPIENT]]


async def test_a_mail_that_no_server_takes_ends_as_a_dead_letter(
    database: Database, worker_of: WorkerOf, mail_server: MailServer, clock: MovedClock
) -> None:
    mail_server.refusal = "554 no such mailbox here"
    worker = worker_of(smtp_at(mail_server.port))
    mail_id = await write_mail(database)

    async with database.transaction() as tx:
        await tx.connection.execute(update(Job).values(tries=MAXIMUM_TRIES - 1))

    assert await worker.run_due() == 1

    clock.advance(timedelta(hours=2))
    assert await worker.run_due() == 0
    state, tries, error = await job(database)
    assert (state, tries) == (JobState.DEAD, MAXIMUM_TRIES)
    assert error is not None
    assert "no such mailbox here" in error
    assert await sent_at(database, mail_id) is None


async def test_mails_go_when_their_time_is_over_however_many_they_are(
    database: Database, worker_of: WorkerOf, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PURGED_AT_ONCE", 2)
    database.policies = {MailPolicy: MailPolicy(keep=timedelta(days=30))}
    worker = worker_of(Kept())

    async def purge() -> list[int]:
        async with database.transaction() as tx:
            tx.enqueue(PurgeMails())
        while await worker.run_due():
            pass
        async with database.read() as connection:
            return list((await connection.execute(select(Mail.id).order_by(Mail.id))).scalars())

    old = [await write_mail(database, order_id=number) for number in range(5)]
    clock.advance(timedelta(days=20))
    new = await write_mail(database)
    clock.advance(timedelta(days=9))
    assert await purge() == [*old, new]
    clock.advance(timedelta(days=2))
    assert await purge() == [new]
