"""The table of vendors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, Code, UtcDateTime, enum_column
from mestore.vendors.types import VendorStatus


class Vendor(Base):
    """A business that sells. Its owner is one user."""

    __tablename__ = "vendors"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), unique=True)
    business_name: Mapped[str] = mapped_column(String(200))
    nit: Mapped[str | None] = mapped_column(Code(20), unique=True)
    phone: Mapped[str] = mapped_column(String(20))
    city: Mapped[str] = mapped_column(String(100))
    department: Mapped[str | None] = mapped_column(String(100))
    primary_category: Mapped[str | None] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[VendorStatus] = mapped_column(enum_column(VendorStatus), index=True)
    is_trusted: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
