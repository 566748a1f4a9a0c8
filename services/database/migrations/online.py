"""Changes to filled tables while others write to them; migrations use these instead of Alembic's plain operations.

On PostgreSQL an index is built ``CONCURRENTLY``, outside a transaction, so that writers continue. SQLite allows one
writer at a time and builds the index within the migration's transaction; other writers wait until it ends.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

_VALID = sa.text(
    "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(:name)"  # no row if the index does not exist
)
_BATCH = 1_000  # rows locked at a time, for which a writer may have to wait
_PAUSE_S = 0.2
_FILL = """
    WITH taken AS (
        SELECT id FROM {table} WHERE id > :after AND {column} IS NULL ORDER BY id LIMIT :batch
        FOR NO KEY UPDATE SKIP LOCKED
    ), filled AS (
        UPDATE {table} SET {column} = {value} FROM taken WHERE {table}.id = taken.id RETURNING {table}.id
    )
    SELECT max(id) FROM filled
"""


def create_index(
    name: str,
    table: str,
    columns: Sequence[str | sa.TextClause | sa.ColumnElement[object]],
    where: str | None = None,
    using: str = "btree",
) -> None:
    """Build an index on ``columns``, limited to the rows that satisfy the SQL condition ``where``.

    On PostgreSQL an invalid index that an interrupted migration left is rebuilt and a complete one is kept; ``using``
    is PostgreSQL's index type.
    """
    condition = None if where is None else sa.text(where)
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, list(columns), sqlite_where=condition)
        return
    with op.get_context().autocommit_block():
        valid = op.get_bind().execute(_VALID, {"name": name}).scalar()
        if valid is False:
            op.drop_index(name, table, postgresql_concurrently=True)
        if not valid:
            op.create_index(
                name,
                table,
                list(columns),
                postgresql_where=condition,
                postgresql_using=using,
                postgresql_concurrently=True,
            )


def drop_index(name: str, table: str) -> None:
    """Drop an index without blocking concurrent readers and writers."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)


def fill(table: str, column: str, value: str) -> None:
    """Set ``column`` to the SQL expression ``value`` in all rows where it is null.

    For PostgreSQL, and for tables with a column ``id``. Each batch of rows has its own transaction, so completed
    batches stay if the migration is interrupted. Rows locked by another transaction are skipped and revisited at the
    end, so that this never waits for a row while it holds locks on others. It ends only if rows inserted meanwhile
    have the column filled, by a trigger or by the writer.
    """
    batch = sa.text(_FILL.format(table=table, column=column, value=value))
    any_empty = sa.text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} IS NULL)")  # noqa: S608 -- names from our code
    with op.get_context().autocommit_block():
        bind = op.get_bind()
        while bind.execute(any_empty).scalar_one():
            after: int | None = -1
            while after is not None:
                after = bind.execute(batch, {"after": after, "batch": _BATCH}).scalar_one()
            time.sleep(_PAUSE_S)  # so that transactions holding skipped rows can end
