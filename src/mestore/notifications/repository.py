"""Every SQL statement of mails."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import affected, inserted_id
from mestore.notifications.errors import MailNotFound
from mestore.notifications.models import Mail
from mestore.notifications.types import OutgoingMail, Wording

_ADD = insert(Mail)
_GET = select(
    Mail.id,
    Mail.kind,
    Mail.recipient,
    Mail.subject,
    Mail.text,
    Mail.html,
    Mail.created_at,
    Mail.sent_at,
).where(Mail.id == bindparam("of_mail"))
_MARK_SENT = (
    update(Mail)
    .where(Mail.id == bindparam("of_mail"), Mail.sent_at.is_(None))
    .values(sent_at=bindparam("moment"))
)
# By id, which has an index and grows with the time of writing.
_OLDEST = select(Mail.id, Mail.created_at).order_by(Mail.id).limit(bindparam("most"))
_DELETE = delete(Mail).where(Mail.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class MailRepository:
    """Written mails, sent or not."""

    connection: AsyncConnection

    async def add(self, values: Mapping[str, Any]) -> int:
        """Write a mail and return its id; its key is unique."""
        return await inserted_id(self.connection, _ADD, dict(values))

    async def get_unsent(self, mail_id: int) -> OutgoingMail | None:
        """Return a mail that is still to be sent, None where it was; raises `MailNotFound`."""
        row = (await self.connection.execute(_GET, {"of_mail": mail_id})).one_or_none()
        if row is None:
            raise MailNotFound
        if row.sent_at is not None:
            return None
        wording = Wording(row.subject, row.text, row.html)
        return OutgoingMail(row.id, row.kind, row.recipient, wording, row.created_at)

    async def mark_sent(self, mail_id: int, moment: datetime) -> bool:
        """Note when a mail was sent; False where that was noted before."""
        return await affected(self.connection, _MARK_SENT, of_mail=mail_id, moment=moment) == 1

    async def purge(self, before: datetime, most: int) -> int:
        """Delete the oldest mails, where they were written before a moment; return how many."""
        oldest = await self.connection.execute(_OLDEST, {"most": most})
        ids = [mail_id for mail_id, created_at in oldest if created_at < before]
        return await affected(self.connection, _DELETE, ids=ids) if ids else 0
