"""Tables of the ledger: accounts, entries, lines. Entries are only ever added."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, Minor, UtcDateTime, enum_column
from mestore.ledger.types import EntryKind


class Account(Base):
    """A heap of money by its code."""

    __tablename__ = "ledger_accounts"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    code: Mapped[str] = mapped_column(Code(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Entry(Base):
    """One business fact; `business_key` lets it be posted only once."""

    __tablename__ = "ledger_entries"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    business_key: Mapped[str] = mapped_column(Code(120), unique=True)
    kind: Mapped[EntryKind] = mapped_column(enum_column(EntryKind))
    order_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Line(Base):
    """One account's share of an entry; the lines of an entry add up to zero."""

    __tablename__ = "ledger_lines"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_entries.id"), index=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_accounts.id"))
    amount_minor: Mapped[int] = mapped_column(Minor)

    # Balances and lists of an account are read from this index alone.
    __table_args__ = (Index("ix_ledger_lines_balance", "account_id", "entry_id", "amount_minor"),)
