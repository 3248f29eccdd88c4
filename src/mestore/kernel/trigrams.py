"""Indexes that find a part of a text, where the engine has them: PostgreSQL with pg_trgm.

Elsewhere there is none, and `LIKE '%part%'` reads every row.
"""

from sqlalchemy import Connection, Index

# The owner of a database may make it; where nobody installed it, or others own the database, the
# program does without.
_MAKE = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN NULL;
END $$
"""
_IS_THERE = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"


def has_trigrams(connection: Connection) -> bool:
    """Say whether a database has pg_trgm, after an attempt to make it."""
    if connection.dialect.name != "postgresql":
        return False
    connection.exec_driver_sql(_MAKE)
    return bool(connection.exec_driver_sql(_IS_THERE).scalar_one())


def index_of_parts(name: str, column: str) -> Index:
    """Return the index of a text column for `LIKE '%part%'`, made only where there is one."""
    index = Index(
        name,
        column,
        postgresql_using="gin",
        postgresql_ops={column: "gin_trgm_ops"},
        info={"is_optional": True},
    )
    return index.ddl_if(callable_=_may_be_made)


def _may_be_made(
    ddl: object,  # noqa: ARG001  SQLAlchemy names what it gives
    target: object,  # noqa: ARG001
    bind: Connection | None,
    *_: object,
    **__: object,
) -> bool:
    return bind is not None and has_trigrams(bind)
