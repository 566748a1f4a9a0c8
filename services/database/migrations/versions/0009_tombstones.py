"""Create the tombstones, and keep with an article why it was withdrawn.

Articles withdrawn or erased before have none. Nor does a process of 0008 that withdraws an article write one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tombstones",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("guid", sa.String(length=500)),
        sa.Column("version", sa.String(length=500)),
        sa.Column("revision", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_tombstones")),
    )
    op.create_index("ix_tombstones_feed_sequence", "tombstones", ["feed", "sequence"])
    op.create_index("ix_tombstones_article_id", "tombstones", ["article_id"])
    op.add_column("articles", sa.Column("withdrawn_reason", sa.Text()))


def downgrade() -> None:
    op.drop_column("articles", "withdrawn_reason")
    op.drop_table("tombstones")
