"""Create the tables of feeds' sources, of the formats that feeds push, and of refusals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=2000)),
        sa.Column("secret", sa.String(length=200)),
        sa.Column("callback", sa.String(length=64)),
        sa.Column("every_s", sa.Integer()),
        sa.Column("pages", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("checked_at", sa.BigInteger()),
        sa.Column("pushed_at", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=500)),
        sa.Column("etag", sa.String(length=500)),
        sa.Column("modified", sa.String(length=100)),
        sa.Column("seen", sa.Text()),
        sa.Column("hub", sa.String(length=2000)),
        sa.Column("topic", sa.String(length=2000)),
        sa.Column("lease_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("callback", name=op.f("uq_sources_callback")),
    )
    op.create_index("ix_sources_feed_id", "sources", ["feed", "id"])
    op.create_index("ix_sources_next_at", "sources", ["next_at"])
    op.create_table(
        "feed_formats",
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format", name=op.f("pk_feed_formats")),
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=12)),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=63), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(length=200)),
        sa.Column("size", sa.Integer()),
        sa.Column("document", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
    op.create_index("uq_refusals_feed_digest", "refusals", ["feed", "digest"], unique=True)
    op.create_index("ix_refusals_feed_last_at", "refusals", ["feed", "last_at"])


def downgrade() -> None:
    op.drop_table("refusals")
    op.drop_table("feed_formats")
    op.drop_table("sources")
