"""Column types that mean the same on SQLite, PostgreSQL and MariaDB."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    String,
    TypeDecorator,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the program; names of constraints follow one convention."""

    metadata = MetaData(naming_convention=NAMING)


class BigPk(TypeDecorator[int]):
    """A growing 64-bit key; plain INTEGER on SQLite, where nothing else auto-increments."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[int]:
        """What a value is in Python; a decorated type does not ask the one it decorates."""
        return int

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = Integer() if dialect.name == "sqlite" else BigInteger()
        return dialect.type_descriptor(kind)


class Minor(TypeDecorator[int]):
    """An amount of money in minor units (centavos), exact on every engine."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[int]:
        """What a value is in Python; a decorated type does not ask the one it decorates."""
        return int


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the table, microseconds kept on every engine."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What a value is in Python; a decorated type does not ask the one it decorates."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[datetime | None], datetime | None] | None:
        # asyncpg answers in aware UTC already, and a list reads many times.
        if dialect.driver == "asyncpg":
            return None
        return super().result_processor(dialect, coltype)


class Code(TypeDecorator[str]):
    """Text compared byte by byte: SKU, e-mail, token, reference.

    `collation="C"` makes PostgreSQL compare so for order as well, which is several times faster.
    """

    impl = String
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        """What a value is in Python; a decorated type does not ask the one it decorates."""
        return str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        length = getattr(self.impl_instance, "length", 255)
        if dialect.name in {"mysql", "mariadb"}:
            # "nopad": under utf8mb4_bin a trailing space makes no difference.
            collation = "utf8mb4_nopad_bin"
            return dialect.type_descriptor(mysql.VARCHAR(length, collation=collation))
        if dialect.name == "postgresql":
            own = getattr(self.impl_instance, "collation", None)
            return dialect.type_descriptor(String(length, collation=own))
        return dialect.type_descriptor(String(length))


class Json(TypeDecorator[Any]):
    """A JSON document that is never queried inside; None is SQL NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True


def enum_column(words: type[StrEnum]) -> Enum:
    """Return a column type that stores the values of `words` as text, without a native enum."""
    return Enum(
        words,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        validate_strings=True,
    )
