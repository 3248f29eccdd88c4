"""Tables of the inventory: where stock lies, how much, why it changed, to whom it is promised."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.inventory.types import MovementKind, ReservationState
from mestore.kernel.columns import Base, BigPk, UtcDateTime, enum_column


class StockLocation(Base):
    """A place of a vendor where goods lie. Made when the first stock is put there."""

    __tablename__ = "stock_locations"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("vendors.id"))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("vendor_id", "name"),)


class StockLevel(Base):
    """Units of a variant at a location. What can be bought is `on_hand - reserved`."""

    __tablename__ = "stock_levels"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("product_variants.id"))
    product_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stock_locations.id"))
    on_hand: Mapped[int] = mapped_column(Integer)
    reserved: Mapped[int] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("variant_id", "location_id"),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("reserved <= on_hand", name="available"),
    )


class StockMovement(Base):
    """One change of one level; never updated, never deleted. Levels equal the sums of these."""

    __tablename__ = "stock_movements"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    level_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stock_levels.id"), index=True)
    kind: Mapped[MovementKind] = mapped_column(enum_column(MovementKind))
    on_hand_change: Mapped[int] = mapped_column(Integer)
    reserved_change: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(200))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Reservation(Base):
    """Units of one level promised to one order, and those that it waits for.

    `quantity` lay here when they were promised; `backordered` are still to arrive (ADR 19).
    """

    __tablename__ = "stock_reservations"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger)
    level_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stock_levels.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    backordered: Mapped[int] = mapped_column(Integer, server_default="0")
    state: Mapped[ReservationState] = mapped_column(enum_column(ReservationState))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("order_id", "level_id"),
        # Without `state`: MariaDB locks the level when an index of its foreign key changes.
        Index("ix_stock_reservations_level", "level_id"),
        # Those that wait, oldest first; few of all.
        Index("ix_stock_reservations_waiting", "backordered", "id"),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("backordered >= 0", name="backordered"),
    )
