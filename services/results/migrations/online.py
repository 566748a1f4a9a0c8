"""Changes to a filled table while others write to it: what migrations use instead of Alembic's plain operations.

On PostgreSQL an index is built ``CONCURRENTLY``, outside a transaction: writers go on meanwhile. SQLite has one writer at a time
and builds within the migration's transaction; writers wait for it, as they wait for one another.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

_VALID = sa.text(
    "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(:name)"  # null where there is no such index
)


def create_index(name: str, table: str, columns: Sequence[str | sa.ColumnElement[object]], where: str | None = None) -> None:
    """Build an index. One that a broken-off migration left behind half built is built anew; a finished one stays."""
    condition = None if where is None else sa.text(where)
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, list(columns), sqlite_where=condition)
        return
    with op.get_context().autocommit_block():
        valid = op.get_bind().execute(_VALID, {"name": name}).scalar()
        if valid is False:
            op.drop_index(name, table, postgresql_concurrently=True)
        if not valid:
            op.create_index(name, table, list(columns), postgresql_where=condition, postgresql_concurrently=True)


def drop_index(name: str, table: str) -> None:
    """Drop an index, without making those wait who read or write meanwhile."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
