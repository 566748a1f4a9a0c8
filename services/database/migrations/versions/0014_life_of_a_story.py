"""Add the life of a story: publication status, embargo, creation of the version, predecessor, and jobs that are held.

The new state of a job replaces a CHECK constraint. SQLite cannot alter a constraint; its documentation (ALTER TABLE,
"Making Other Kinds Of Table Schema Changes") changes the text of the schema instead, which keeps the table and all that
refers to it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.database.migrations import online

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_WITHOUT = "state IN ('queued', 'running', 'succeeded', 'failed', 'dead', 'canceled')"
_WITH = "state IN ('queued', 'running', 'succeeded', 'failed', 'dead', 'canceled', 'held')"
_NEW_TEXT = sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'jobs'")
_COLUMNS = ("pubstatus", "embargoed", "versioncreated", "evolvedfrom", "strand")


def upgrade() -> None:
    op.add_column("articles", sa.Column("pubstatus", sa.String(length=16), nullable=False, server_default="usable"))
    op.add_column("articles", sa.Column("embargoed", sa.BigInteger()))
    op.add_column("articles", sa.Column("versioncreated", sa.BigInteger()))
    op.add_column("articles", sa.Column("evolvedfrom", sa.String(length=500)))
    op.add_column("articles", sa.Column("strand", sa.Integer(), nullable=False, server_default="0"))
    _replace_states(_WITHOUT, _WITH)
    online.create_index("ix_jobs_held", "jobs", ["next_run_at"], "state = 'held'")


def downgrade() -> None:
    op.execute("UPDATE jobs SET state = 'queued' WHERE state = 'held'")
    online.drop_index("ix_jobs_held", "jobs")
    _replace_states(_WITH, _WITHOUT)
    for name in reversed(_COLUMNS):
        op.drop_column("articles", name)


def _replace_states(old: str, new: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        added = f"ADD CONSTRAINT ck_jobs_state CHECK ({new}) NOT VALID"
        with op.get_context().autocommit_block():  # so that others may write while the rows are checked
            op.execute(f"ALTER TABLE jobs DROP CONSTRAINT IF EXISTS ck_jobs_state, {added}")
            op.execute("ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_state")
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(_NEW_TEXT, {"old": old, "new": new})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
