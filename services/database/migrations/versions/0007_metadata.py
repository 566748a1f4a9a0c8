"""Add the metadata of articles: what a sender knows beyond the fields of an article, as a JSON object.

A nullable column without a default is added at once. Processes of 0006 leave it null.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("articles", sa.Column("metadata", sa.Text()))


def downgrade() -> None:
    op.drop_column("articles", "metadata")
