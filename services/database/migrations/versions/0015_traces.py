"""Add the trace that a job belongs to: the context that the worker continues, in the form of W3C Trace Context.

A nullable column without a default is added at once. Processes of 0014 leave it null.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("traceparent", sa.String(length=55)))


def downgrade() -> None:
    op.drop_column("jobs", "traceparent")
