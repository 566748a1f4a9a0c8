"""Changes to a filled table while others write to it: what migrations use instead of Alembic's plain operations.

On PostgreSQL an index is built ``CONCURRENTLY``, outside a transaction: writers go on meanwhile. SQLite has one
writer at a time and builds within the migration's transaction; writers wait for it, as they wait for one another.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

_VALID = sa.text(
    "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(:name)"  # null where there is no such index
)
_BATCH = 1_000  # rows that a writer may have to wait for
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
    """Build an index. A half-built one that an interrupted migration left is rebuilt; a finished one stays.

    ``using`` is PostgreSQL's kind of index.
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
    """Drop an index, without making those wait who read or write meanwhile."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)


def fill(table: str, column: str, value: str) -> None:
    """Set ``column`` to the SQL expression ``value`` in all rows where it is null; PostgreSQL, a table with an ``id``.

    A batch of rows has a transaction of its own, so what is filled stays filled if the migration breaks off. Rows
    that another transaction holds are passed by and looked at again in the end: this never waits for a row while it
    holds others. It ends only if rows that come in meanwhile have the column filled, by a trigger or by whoever
    writes them.
    """
    batch = sa.text(_FILL.format(table=table, column=column, value=value))
    left = sa.text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} IS NULL)")  # noqa: S608 -- names of ours
    with op.get_context().autocommit_block():
        bind = op.get_bind()
        while bind.execute(left).scalar_one():
            after: int | None = -1
            while after is not None:
                after = bind.execute(batch, {"after": after, "batch": _BATCH}).scalar_one()
            time.sleep(_PAUSE_S)  # for those whose rows were passed by
