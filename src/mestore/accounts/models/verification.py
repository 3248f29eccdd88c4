"""Tables of verification and recovery: one-time codes, link tokens, and what limits sending."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.accounts.types.verification import CodePurpose, LinkPurpose
from mestore.kernel.columns import Base, Code, UtcDateTime, enum_column


class OneTimeCode(Base):
    """The one live code of a user for a purpose; its key makes a new one replace it.

    `digest` is keyed, because six digits are guessed at once from a plain hash. It is empty until
    the code has been made, which happens where it is sent.
    """

    __tablename__ = "one_time_codes"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    purpose: Mapped[CodePurpose] = mapped_column(enum_column(CodePurpose), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    address: Mapped[str] = mapped_column(Code(254))
    digest: Mapped[str | None] = mapped_column(Code(64))
    attempts: Mapped[int] = mapped_column(Integer)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LinkToken(Base):
    """The token of a mailed link, by its SHA-256; it works once, for the address it went to."""

    __tablename__ = "link_tokens"

    digest: Mapped[str] = mapped_column(Code(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(enum_column(LinkPurpose))
    address: Mapped[str] = mapped_column(Code(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SendAllowance(Base):
    """One of the few messages that a subject may get within an hour, and when it was last used.

    A subject has as many slots as messages are allowed, so that no count can be raced.
    """

    __tablename__ = "send_allowances"

    subject: Mapped[str] = mapped_column(Code(80), primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
