"""Tables of the second factor: authenticator apps, backup codes, sign-ins that wait for a code."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, UtcDateTime


class MfaDevice(Base):
    """A user's authenticator app. `last_step` is the newest time step of which a code was used."""

    __tablename__ = "mfa_devices"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    sealed_secret: Mapped[str] = mapped_column(String(200))
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    codes_made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BackupCode(Base):
    """A backup code not used yet, by its keyed digest."""

    __tablename__ = "mfa_backup_codes"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"))
    digest: Mapped[str] = mapped_column(Code(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("user_id", "digest"),)


class PendingSignIn(Base):
    """A right password that waits for its second factor; gone once used.

    `password_mark` changes with the password, which ends the wait.
    """

    __tablename__ = "pending_sign_ins"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    password_mark: Mapped[str] = mapped_column(Code(64))
    guest_session: Mapped[str | None] = mapped_column(Code(100))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
