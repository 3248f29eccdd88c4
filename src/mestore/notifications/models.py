"""The table of mails."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, UtcDateTime, enum_column
from mestore.notifications.types import MailKind

# MariaDB's TEXT ends at 64 KiB, which a long order passes.
_LONG = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


class Mail(Base):
    """A mail as it was written; `dedupe_key` names the fact and the recipient, so it is one."""

    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(Code(120), unique=True)
    kind: Mapped[MailKind] = mapped_column(enum_column(MailKind))
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(_LONG)
    html: Mapped[str] = mapped_column(_LONG)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
