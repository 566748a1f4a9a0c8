"""Make room for encrypted secrets, which are about three times as long.

SQLite does not check lengths, and only the text of its schema changes, as in 0014: making the table again, as Alembic
does otherwise, would remove what refers to its rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LENGTH = 500
COLUMNS = (("sources", "secret", 200), ("webhooks", "secret", 100), ("webhooks", "previous_secret", 100))
_NEW_TEXT = sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :table")


def upgrade() -> None:
    for table, column, length in COLUMNS:
        _resize(table, column, length, LENGTH)


def downgrade() -> None:
    for table, column, length in COLUMNS:
        _resize(table, column, LENGTH, length)


def _resize(table: str, column: str, length: int, new_length: int) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.alter_column(table, column, existing_type=sa.String(length=length), type_=sa.String(length=new_length))
        return
    words = {name: f"\t{column} VARCHAR({number})" for name, number in (("old", length), ("new", new_length))}
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(_NEW_TEXT, {"table": table, **words})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
