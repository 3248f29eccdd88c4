"""Tables of passkeys: public keys of users, and the challenges that were given out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.accounts.types.passkeys import Ceremony
from mestore.kernel.columns import Base, Code, Json, UtcDateTime, enum_column


class Passkey(Base):
    """A public key of a user; `digest` is the SHA-256 of its credential id, short to index."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    digest: Mapped[str] = mapped_column(Code(64), unique=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023))
    public_key: Mapped[bytes] = mapped_column(LargeBinary(4000))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(Json)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyChallenge(Base):
    """A challenge given out and not answered yet. With `user_id` only this user may answer."""

    __tablename__ = "passkey_challenges"

    challenge: Mapped[str] = mapped_column(Code(100), primary_key=True)
    ceremony: Mapped[Ceremony] = mapped_column(enum_column(Ceremony))
    user_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
