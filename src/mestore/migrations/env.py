"""Runs migrations over a synchronous connection that the caller has opened."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import DropTableOp, MigrationScript, ModifyTableOps
from sqlalchemy import Connection, LargeBinary
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from mestore.kernel.columns import Base
from mestore.migrations.tables import load_all


def _render(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:  # noqa: ANN401
    """Write our own column types by name, so that a revision holds for every engine."""
    module = type(item).__module__
    if kind == "type" and isinstance(item, TypeEngine) and module == "mestore.kernel.columns":
        autogen_context.imports.add("from mestore.kernel import columns")
        length = getattr(getattr(item, "impl", None), "length", None)
        return f"columns.{type(item).__name__}({length or ''})"
    return False


def _compare_type(
    _: object,
    __: object,
    ___: object,
    found: TypeEngine[Any],
    wanted: TypeEngine[Any],
) -> bool | None:
    """Return False where MariaDB only names a column of bytes by its class of sizes."""
    is_bytes = isinstance(found, (mysql.BLOB, mysql.MEDIUMBLOB, mysql.LONGBLOB))
    return False if is_bytes and isinstance(wanted, LargeBinary) else None


def _drop_tables_whole(_: object, __: object, scripts: list[MigrationScript]) -> None:
    """Leave out the indexes of tables that a downgrade drops: MariaDB needs them to the end."""
    for script in scripts:
        if script.downgrade_ops is None:
            continue
        steps = script.downgrade_ops.ops
        dropped = {step.table_name for step in steps if isinstance(step, DropTableOp)}
        script.downgrade_ops.ops = [
            step
            for step in steps
            if not (isinstance(step, ModifyTableOps) and step.table_name in dropped)
        ]


def _is_compared(item: SchemaItem, *_: object) -> bool:
    """Leave out what only some databases have: its migration asks for it."""
    return not getattr(item, "info", {}).get("is_optional")


def _run(connection: Connection) -> None:
    load_all()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=_render,
        compare_type=_compare_type,
        include_object=_is_compared,
        process_revision_directives=_drop_tables_whole,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
