"""Tables of accounts: users, sessions, refresh tokens, failed sign-ins, consents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.accounts.types import UserType
from mestore.kernel.columns import Base, BigPk, Code, UtcDateTime, enum_column


class User(Base):
    """A person who can sign in. `number` is the integer id that the compact API shows."""

    __tablename__ = "users"

    number: Mapped[int] = mapped_column(BigPk, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    email: Mapped[str] = mapped_column(Code(254), unique=True)
    username: Mapped[str | None] = mapped_column(Code(50), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(20))
    company: Mapped[str | None] = mapped_column(String(200))
    user_type: Mapped[UserType] = mapped_column(enum_column(UserType))
    is_active: Mapped[bool] = mapped_column(Boolean)
    email_verified: Mapped[bool] = mapped_column(Boolean)
    phone_verified: Mapped[bool] = mapped_column(Boolean)
    mfa_enabled: Mapped[bool] = mapped_column(Boolean)
    marketing_consent: Mapped[bool] = mapped_column(Boolean)
    failed_logins: Mapped[int] = mapped_column(Integer)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_users_type", "user_type", "number"),
        Index("ix_users_created", "created_at", "number"),
    )


class Session(Base):
    """One sign-in on one device. Its tokens work while `ended_at` is empty."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RefreshToken(Base):
    """A refresh token given out, by its SHA-256. A spent one that returns ends the session."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[str] = mapped_column(Code(64), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("sessions.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInFailure(Base):
    """A failed sign-in from one network address, known account or not; kept while it counts."""

    __tablename__ = "sign_in_failures"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    ip_address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_sign_in_failures_address", "ip_address", "created_at"),)


class Consent(Base):
    """What a person accepted or declined: text, time, place (Ley 1581 de 2012, art. 9)."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    document: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(40))
    is_given: Mapped[bool] = mapped_column(Boolean)
    ip_address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_consents_user", "user_id", "document"),)
