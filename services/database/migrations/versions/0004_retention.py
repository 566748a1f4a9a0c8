"""Create tables for retention, erasure and pauses. Nothing changes that workers of 0003 read or write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.database.migrations import online

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Indexes first: each takes effect only when complete, so a migration interrupted here can be run again.
    online.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], "finished_at IS NOT NULL")
    online.create_index("ix_jobs_queued_at_feed", "jobs", ["queued_at", "feed"], "state = 'queued'")
    online.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    online.drop_index("ix_jobs_queued_at", "jobs")
    op.create_table(
        "pauses",
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_pauses")),
    )
    op.create_table(
        "erased",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased")),
    )
    op.create_index("ix_erased_erased_at", "erased", ["erased_at"])
    op.create_table(
        "retention_progress",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("label", sa.String(length=63), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", name=op.f("pk_retention_progress")),
    )
    op.create_table(
        "locks",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_locks")),
    )


def downgrade() -> None:
    online.create_index("ix_jobs_queued_at", "jobs", ["queued_at"], "state = 'queued'")
    online.drop_index("ix_idempotency_keys_created_at", "idempotency_keys")
    online.drop_index("ix_jobs_queued_at_feed", "jobs")
    online.drop_index("ix_jobs_finished_at", "jobs")
    for table in ("locks", "retention_progress", "erased", "pauses"):
        op.drop_table(table)
