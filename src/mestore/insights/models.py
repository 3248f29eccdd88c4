"""Tables of insights; both are computed anew from the orders."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base


class ProductPair(Base):
    """In how many orders two products were bought together; stands once for each direction."""

    __tablename__ = "product_pairs"

    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_product_pairs_orders", "product_id", "orders"),)


class PopularProduct(Base):
    """How many units of a product were sold lately; only the best are kept."""

    __tablename__ = "popular_products"

    product_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("products.id"), primary_key=True)
    units: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_popular_products_units", "units"),)
