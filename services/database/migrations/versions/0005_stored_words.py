"""Store the parsed words of each text in PostgreSQL, so that queries do not have to parse the text again.

A GIN index does not store positions of words: PostgreSQL rechecks each row that the index returns for a phrase, and
also the rows of a single word if memory runs short. With the expression index of 0002 each recheck had to normalise
and parse the text again, in every query.

The migration runs while others write. Adding a nullable column without a default is instantaneous; a trigger fills
it in new rows, including those of processes of 0004, which do not know the column; older rows are filled in batches;
the index is built concurrently. Each step can be repeated, so an interrupted migration can be run again. Processes of
this version become ready only when the revision is recorded, at the end, so they find every row filled.

The column is not a generated one: adding a stored generated column rewrites the whole table under a lock that
excludes even readers, and a virtual one cannot be indexed.

The old index is dropped last. Processes of 0004 then get the same results from a scan of the whole table. The index
cannot be kept for them, since each new row would be parsed twice. SQLite's FTS5 has its own copy of the words, so
nothing changes there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.database.migrations import online

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXTS = (("attributions", "content"), ("stances", "evidence"))
# As in 0002: accents are removed, and punctuation within words separates them.
FOLDED = (
    "to_tsvector('simple', regexp_replace(regexp_replace(normalize({}, NFKD), '[\u0300-\u036f]', '', 'g'),"
    " '[-./''’_@&]', ' ', 'g'))"
)
STORED = (
    "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS words tsvector",
    """
    CREATE OR REPLACE FUNCTION {table}_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := {folded};
        RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS {table}_words ON {table}",
    """
    CREATE TRIGGER {table}_words BEFORE INSERT OR UPDATE OF {column} ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_words()
    """,
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in TEXTS:
        # One statement at a time, so that no lock is held while waiting for another.
        with op.get_context().autocommit_block():
            for statement in STORED:
                op.execute(statement.format(table=table, column=column, folded=FOLDED.format(f"NEW.{column}")))
        online.fill(table, "words", FOLDED.format(column))
        online.create_index(f"ix_{table}_words", table, ["words"], using="gin")
    for table, _ in TEXTS:
        online.drop_index(f"ix_{table}_text", table)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in TEXTS:
        online.create_index(f"ix_{table}_text", table, [sa.text(f"({FOLDED.format(column)})")], using="gin")
        online.drop_index(f"ix_{table}_words", table)
    for table, _ in TEXTS:
        op.execute(f"DROP TRIGGER {table}_words ON {table}")
        op.execute(f"DROP FUNCTION {table}_words()")
        op.drop_column(table, "words")
