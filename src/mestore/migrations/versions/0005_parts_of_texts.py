"""parts of texts

Revision ID: 0005
Revises: 0004
"""

from collections.abc import Sequence

from alembic import op

from mestore.kernel.trigrams import has_trigrams

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    if has_trigrams(op.get_bind()):
        op.create_index(
            "ix_products_search_text",
            "products",
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_products_search_text", "products", if_exists=True)
