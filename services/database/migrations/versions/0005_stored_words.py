"""PostgreSQL keeps the words of a text beside it, so that a question reads them instead of working them out again.

A GIN index holds no places of words: each row that it finds for a phrase is looked at again, and where memory runs
short for a word, too. With an index on an expression (0002) that meant to normalise and parse every such text at
every question.

Made while others write: a nullable column without a default is there at once, a trigger fills it in what comes in
from then on (from programs of 0004, too, which do not know it), older rows are filled in batches, the index is
built beside the writers. Each step may be done again, so a migration that broke off goes on. No process of this
version is ready before the revision is noted, at the end: it finds every row filled. Not a generated column: to add
one that is stored rewrites the whole table under a lock that keeps out even readers, and one that is not stored has
no index.

The old index goes last. Programs of 0004 find the same as before, but by reading the whole table; it must not stay
for them, as each row that is stored would be parsed twice. SQLite's FTS5 has its own copy of the words and stays as
it is.
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
# As in 0002: without accents, and what joins words parts them.
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
        with op.get_context().autocommit_block():  # one at a time: no lock is held while another is waited for
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
