"""Tables of insights: two are computed anew from the orders, the others count by day."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, SmallInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from mestore.insights.types.days import Figure, Span
from mestore.kernel.columns import Base, Minor, enum_column


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


class ProductDay(Base):
    """How a product did on one day in Bogotá: sold when it was paid, given back when it was.

    Days with nothing have no row. Amounts are what buyers paid, IVA included.
    """

    __tablename__ = "product_days"

    # No foreign keys: counting a visit must not wait for who edits the product.
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    vendor_id: Mapped[UUID] = mapped_column(Uuid)
    views: Mapped[int] = mapped_column(Integer)
    carts: Mapped[int] = mapped_column(Integer)
    orders: Mapped[int] = mapped_column(Integer)
    units: Mapped[int] = mapped_column(Integer)
    sales_minor: Mapped[int] = mapped_column(Minor)
    refunded_units: Mapped[int] = mapped_column(Integer)
    refunds_minor: Mapped[int] = mapped_column(Minor)

    __table_args__ = (
        Index("ix_product_days_product", "product_id", "day"),
        Index("ix_product_days_vendor", "vendor_id", "day"),
    )


class VendorDay(Base):
    """What `product_days` of a vendor and a day come to, written in the same transactions.

    `EVERYBODY` stands for the whole marketplace; its counts of a day are spread over some slots, so
    that who counts waits for few others: read their sum.
    """

    __tablename__ = "vendor_days"

    vendor_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    products: Mapped[int] = mapped_column(Integer)
    views: Mapped[int] = mapped_column(Integer)
    carts: Mapped[int] = mapped_column(Integer)
    orders: Mapped[int] = mapped_column(Integer)
    units: Mapped[int] = mapped_column(Integer)
    sales_minor: Mapped[int] = mapped_column(Minor)
    refunded_units: Mapped[int] = mapped_column(Integer)
    refunds_minor: Mapped[int] = mapped_column(Minor)

    __table_args__ = (Index("ix_vendor_days_day", "day"),)


class BestProduct(Base):
    """A product that was among the best of a vendor, or of `EVERYBODY`, by a figure.

    `day` is the first one of the span.
    """

    __tablename__ = "best_products"

    vendor_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    span: Mapped[Span] = mapped_column(enum_column(Span), primary_key=True)
    figure: Mapped[Figure] = mapped_column(enum_column(Figure), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_best_products_day", "day"),)


class RankedSpan(Base):
    """What all figures of a day or month added up to when its best products were written.

    Counts only grow: where they add up to as much now, the best are the same.
    """

    __tablename__ = "ranked_spans"

    vendor_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    span: Mapped[Span] = mapped_column(enum_column(Span), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    counted: Mapped[int] = mapped_column(BigInteger)
