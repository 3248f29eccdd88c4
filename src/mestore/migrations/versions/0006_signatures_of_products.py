"""signatures of products

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SIGNATURE = ("signature_1", "signature_2", "signature_3")
_RANK, _PRICE = (["generation", "term", column, "number"] for column in ("rank", "price_minor"))


def upgrade() -> None:
    # Until `mestore migrate` has had the index built anew, every product may have every word.
    anything = str(2**63 - 1)
    with op.batch_alter_table("search_terms") as batch_op:
        for name in _SIGNATURE:
            batch_op.add_column(
                sa.Column(name, sa.BigInteger(), server_default=anything, nullable=False)
            )
        batch_op.drop_index("ix_search_terms_rank")
        batch_op.drop_index("ix_search_terms_price")
        batch_op.create_index("ix_search_terms_rank", [*_RANK, *_SIGNATURE])
        batch_op.create_index(
            "ix_search_terms_price", _PRICE, postgresql_include=["rank", *_SIGNATURE]
        )
    op.execute("UPDATE search_state SET building = generation + 1, built_to = 0, started_at = NULL")


def downgrade() -> None:
    with op.batch_alter_table("search_terms") as batch_op:
        batch_op.drop_index("ix_search_terms_price")
        batch_op.drop_index("ix_search_terms_rank")
        for name in reversed(_SIGNATURE):
            batch_op.drop_column(name)
        batch_op.create_index("ix_search_terms_rank", _RANK)
        batch_op.create_index("ix_search_terms_price", _PRICE, postgresql_include=["rank"])
