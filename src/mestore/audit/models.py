"""Tables of the audit log: a chain of entries, and its last link."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Json, UtcDateTime


class AuditEntry(Base):
    """One act. `hash` covers every other column but the key, and `previous_hash` ties the chain."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    actor_type: Mapped[str | None] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(Code(64))
    subject_type: Mapped[str] = mapped_column(Code(32))
    subject_id: Mapped[str] = mapped_column(Code(100))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    ip_address: Mapped[str | None] = mapped_column(Code(45))
    request_id: Mapped[str | None] = mapped_column(Code(64))
    previous_hash: Mapped[str] = mapped_column(Code(64))
    hash: Mapped[str] = mapped_column(Code(64))

    __table_args__ = (
        UniqueConstraint("sequence"),
        Index("ix_audit_entries_actor", "actor_id", "sequence"),
        Index("ix_audit_entries_action", "action", "sequence"),
        Index("ix_audit_entries_subject", "subject_type", "subject_id", "sequence"),
        Index("ix_audit_entries_address", "ip_address", "sequence"),
        Index("ix_audit_entries_at", "at"),
    )


class AuditHead(Base):
    """The last link of the chain: one row, whose lock lets one entry be added after the other."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Code(64))
