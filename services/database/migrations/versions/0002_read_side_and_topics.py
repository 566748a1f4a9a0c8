"""Create the search index (items of results as rows, full text, coverage) and the topics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.database.migrations import online

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BACKGROUND = "state = 'queued' AND priority <= -1000"
ABOUT_TOPIC = sa.text("topic IS NOT NULL")
TEXTS = (("attributions", "content"), ("stances", "evidence"))
# As FTS5's tokenizer does on SQLite: accents are removed, and punctuation within words separates them.
FOLDED = (
    "to_tsvector('simple', regexp_replace(regexp_replace(normalize({}, NFKD), '[\u0300-\u036f]', '', 'g'),"
    " '[-./''’_@&]', ' ', 'g'))"
)

SQLITE_COVERAGE = (
    """
    CREATE TRIGGER indexed_results_more AFTER INSERT ON indexed_results BEGIN
        INSERT INTO coverage (feed, day, articles) VALUES (new.feed, new.day, 1)
        ON CONFLICT (feed, day) DO UPDATE SET articles = articles + 1;
    END
    """,
    """
    CREATE TRIGGER indexed_results_less AFTER DELETE ON indexed_results BEGIN
        UPDATE coverage SET articles = articles - 1 WHERE feed = old.feed AND day = old.day;
        DELETE FROM coverage WHERE feed = old.feed AND day = old.day AND articles = 0;
    END
    """,
)
SQLITE_TEXT = (
    """
    CREATE VIRTUAL TABLE {table}_text USING fts5(
        {column}, content = '{table}', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2')
    """,
    """
    CREATE TRIGGER {table}_text_more AFTER INSERT ON {table} BEGIN
        INSERT INTO {table}_text (rowid, {column}) VALUES (new.id, new.{column});
    END
    """,
    """
    CREATE TRIGGER {table}_text_less AFTER DELETE ON {table} BEGIN
        INSERT INTO {table}_text ({table}_text, rowid, {column}) VALUES ('delete', old.id, old.{column});
    END
    """,
)
POSTGRESQL_COVERAGE = (
    """
    CREATE FUNCTION count_indexed_result() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO coverage AS c (feed, day, articles) VALUES (NEW.feed, NEW.day, 1)
            ON CONFLICT (feed, day) DO UPDATE SET articles = c.articles + 1;
        ELSE
            UPDATE coverage SET articles = articles - 1 WHERE feed = OLD.feed AND day = OLD.day;
            DELETE FROM coverage WHERE feed = OLD.feed AND day = OLD.day AND articles = 0;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER indexed_results_count AFTER INSERT OR DELETE ON indexed_results
    FOR EACH ROW EXECUTE FUNCTION count_indexed_result()
    """,
)


def upgrade() -> None:
    # First, because it is built outside of the transaction.
    online.create_index("ix_jobs_background", "jobs", ["id"], BACKGROUND)
    op.add_column("results", sa.Column("superseded_by", sa.Uuid(), nullable=True))
    _topics()
    _coverage()
    _attributions()
    _stances()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_COVERAGE if sqlite else POSTGRESQL_COVERAGE:
        op.execute(statement)
    for table, column in TEXTS:
        if sqlite:
            for statement in SQLITE_TEXT:
                op.execute(statement.format(table=table, column=column))
        else:
            op.execute(f"CREATE INDEX ix_{table}_text ON {table} USING gin (({FOLDED.format(column)}))")


def _topics() -> None:
    op.create_table(
        "topics",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("aliases", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("reread_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
    )


def _coverage() -> None:
    op.create_table(
        "indexed_results",
        sa.Column("sequence", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["results.sequence"], name=op.f("fk_indexed_results_sequence_results"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_indexed_results")),
    )
    op.create_index("ix_indexed_results_article_id", "indexed_results", ["article_id"])
    op.create_table(
        "coverage",
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "day", name=op.f("pk_coverage")),
    )
    op.create_index("ix_coverage_day", "coverage", ["day"])


def _attributions() -> None:
    op.create_table(
        "attributions",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("sequence", ROW_ID, nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("cue", sa.Text(), nullable=True),
        sa.Column("act", sa.String(length=16), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["indexed_results.sequence"],
            name=op.f("fk_attributions_sequence_indexed_results"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attributions")),
    )
    op.create_index("ix_attributions_sequence", "attributions", ["sequence"])
    op.create_index("ix_attributions_at", "attributions", ["at", "id", "feed", "score"])
    op.create_index("ix_attributions_feed_at", "attributions", ["feed", "at", "id"])
    op.create_index("ix_attributions_act_at", "attributions", ["act", "at", "id"])
    op.create_table(
        "attribution_names",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attribution_id", ROW_ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["attribution_id"],
            ["attributions.id"],
            name=op.f("fk_attribution_names_attribution_id_attributions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", "at", "attribution_id", name=op.f("pk_attribution_names")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attribution_names_attribution_id", "attribution_names", ["attribution_id"])


def _stances() -> None:
    op.create_table(
        "stances",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("sequence", ROW_ID, nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("topic", sa.String(length=63), nullable=True),
        sa.Column("stance", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=False),
        sa.Column("attribution", sa.String(length=20), nullable=True),
        sa.Column("act", sa.String(length=16), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["indexed_results.sequence"],
            name=op.f("fk_stances_sequence_indexed_results"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stances")),
    )
    op.create_index("ix_stances_sequence", "stances", ["sequence"])
    op.create_index("ix_stances_at", "stances", ["at", "id", "feed", "score"])
    for name in ("feed", "stance", "act"):
        op.create_index(f"ix_stances_{name}_at", "stances", [name, "at", "id"])
    op.create_index(
        "ix_stances_topic_at", "stances", ["topic", "at", "id"], sqlite_where=ABOUT_TOPIC, postgresql_where=ABOUT_TOPIC
    )
    op.create_index("ix_stances_day", "stances", ["day", "feed", "stance", "score"])
    op.create_table(
        "stance_names",
        sa.Column("role", sa.String(length=1), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stance_id", ROW_ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["stance_id"], ["stances.id"], name=op.f("fk_stance_names_stance_id_stances"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role", "key", "at", "stance_id", name=op.f("pk_stance_names")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stance_names_stance_id", "stance_names", ["stance_id"])


def downgrade() -> None:
    for table in ("stances", "attributions"):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TABLE {table}_text")
    for table in (
        "stance_names",
        "stances",
        "attribution_names",
        "attributions",
        "coverage",
        "indexed_results",
        "topics",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION count_indexed_result()")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_jobs_background", sqlite_where=sa.text(BACKGROUND), postgresql_where=sa.text(BACKGROUND)
        )
    with op.batch_alter_table("results", schema=None) as batch_op:
        batch_op.drop_column("superseded_by")
