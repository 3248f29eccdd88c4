"""Tables of outside providers: who users are there, and sign-ins that have not come back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, Code, UtcDateTime


class ExternalIdentity(Base):
    """Whom a provider knows by `subject`; gone when the user is erased."""

    __tablename__ = "external_identities"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    provider: Mapped[str] = mapped_column(Code(40))
    subject: Mapped[str] = mapped_column(Code(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("provider", "subject"),)


class ExternalSignIn(Base):
    """A sign-in under way at a provider: its state by SHA-256, nonce and PKCE verifier sealed."""

    __tablename__ = "external_sign_ins"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    digest: Mapped[str] = mapped_column(Code(64), unique=True)
    provider: Mapped[str] = mapped_column(Code(40))
    redirect_uri: Mapped[str] = mapped_column(String(500))
    sealed: Mapped[str] = mapped_column(String(400))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
