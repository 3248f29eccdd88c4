"""Tables of what users may do beyond their role, what they say of themselves, and what they did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.accounts.types.access import Activity, Permission
from mestore.kernel.columns import Base, BigPk, Code, Json, UtcDateTime, enum_column


class UserPermission(Base):
    """A permission granted to a user beyond their role, or taken away from it."""

    __tablename__ = "user_permissions"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    permission: Mapped[Permission] = mapped_column(enum_column(Permission), primary_key=True)
    is_granted: Mapped[bool] = mapped_column(Boolean)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    set_by: Mapped[UUID] = mapped_column(Uuid)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonalPage(Base):
    """What a user says of themselves; made when the first of it is set."""

    __tablename__ = "user_profiles"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    avatar_url: Mapped[str | None] = mapped_column(String(500))
    bio: Mapped[str | None] = mapped_column(Text)
    website: Mapped[str | None] = mapped_column(String(200))
    location: Mapped[str | None] = mapped_column(String(100))
    timezone: Mapped[str | None] = mapped_column(String(50))
    language: Mapped[str | None] = mapped_column(String(10))
    preferences: Mapped[dict[str, Any] | None] = mapped_column(Json)


class UserActivity(Base):
    """One thing that a user did, or that an operator did to their account."""

    __tablename__ = "user_activities"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    action: Mapped[Activity] = mapped_column(enum_column(Activity))
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_user_activities_user", "user_id", "id"),)


class ApiKey(Base):
    """A key that speaks for a user within some of their permissions, by its secret's SHA-256."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(Code(64))
    permissions: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
