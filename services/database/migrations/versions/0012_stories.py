"""Link copies of an article as a story: fingerprints of texts, and the copy that represents each story in searches.

Results of before are stories of their own, so every row leads one. Processes of before leave the new columns at their
defaults, with the same effect; their indexed articles are counted by the new triggers.

On PostgreSQL each step has its own transaction and can be repeated, so that no lock is held while another is waited
for, and an interrupted migration can be run again.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from services.database.migrations import online

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_STORY = "story_id IS NOT NULL"
LEADING = ("indexed_results", "attributions", "stances")

_NEXT_LEADS = """
    UPDATE indexed_results SET leads_story = true WHERE sequence = (
        SELECT sequence FROM indexed_results WHERE story_id = OLD.story_id ORDER BY copy_order, sequence LIMIT 1
    )"""
_ITEMS_FOLLOW = """
    UPDATE attributions SET leads_story = NEW.leads_story WHERE sequence = NEW.sequence;
    UPDATE stances SET leads_story = NEW.leads_story WHERE sequence = NEW.sequence"""
SQLITE_TRIGGERS = (
    "DROP TRIGGER indexed_results_more",
    "DROP TRIGGER indexed_results_less",
    """
    CREATE TRIGGER indexed_results_more AFTER INSERT ON indexed_results BEGIN
        INSERT INTO coverage (feed, day, articles, stories) VALUES (new.feed, new.day, 1, new.leads_story)
        ON CONFLICT (feed, day) DO UPDATE SET articles = articles + 1, stories = stories + new.leads_story;
    END
    """,
    f"""
    CREATE TRIGGER indexed_results_less AFTER DELETE ON indexed_results BEGIN
        UPDATE coverage SET articles = articles - 1, stories = stories - old.leads_story
        WHERE feed = old.feed AND day = old.day;
        DELETE FROM coverage WHERE feed = old.feed AND day = old.day AND articles = 0;
        {_NEXT_LEADS} AND old.leads_story AND old.story_id IS NOT NULL;
    END
    """,  # noqa: S608 -- constants of this module
    f"""
    CREATE TRIGGER indexed_results_lead AFTER UPDATE OF leads_story ON indexed_results
    WHEN new.leads_story <> old.leads_story BEGIN
        UPDATE coverage SET stories = stories + new.leads_story - old.leads_story
        WHERE feed = new.feed AND day = new.day;
        {_ITEMS_FOLLOW};
    END
    """,  # noqa: S608 -- constants of this module
)
POSTGRESQL_TRIGGERS = (
    # As a writer does: first this table, then coverage.
    "LOCK TABLE indexed_results IN SHARE ROW EXCLUSIVE MODE",
    "ALTER TABLE coverage ADD COLUMN stories integer NOT NULL DEFAULT 0",
    "UPDATE coverage SET stories = articles",
    f"""
    CREATE OR REPLACE FUNCTION count_indexed_result() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO coverage AS c (feed, day, articles, stories)
            VALUES (NEW.feed, NEW.day, 1, NEW.leads_story::int)
            ON CONFLICT (feed, day) DO UPDATE
            SET articles = c.articles + 1, stories = c.stories + NEW.leads_story::int;
        ELSE
            UPDATE coverage SET articles = articles - 1, stories = stories - OLD.leads_story::int
            WHERE feed = OLD.feed AND day = OLD.day;
            DELETE FROM coverage WHERE feed = OLD.feed AND day = OLD.day AND articles = 0;
            IF OLD.leads_story AND OLD.story_id IS NOT NULL THEN {_NEXT_LEADS};
            END IF;
        END IF;
        RETURN NULL;
    END $$
    """,  # noqa: S608 -- constants of this module
    f"""
    CREATE OR REPLACE FUNCTION move_lead() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE coverage SET stories = stories + NEW.leads_story::int - OLD.leads_story::int
        WHERE feed = NEW.feed AND day = NEW.day;
        {_ITEMS_FOLLOW};
        RETURN NULL;
    END $$
    """,  # noqa: S608 -- constants of this module
    """
    CREATE TRIGGER indexed_results_lead AFTER UPDATE OF leads_story ON indexed_results
    FOR EACH ROW WHEN (NEW.leads_story <> OLD.leads_story) EXECUTE FUNCTION move_lead()
    """,
)
SQLITE_TRIGGERS_BEFORE = (
    "DROP TRIGGER indexed_results_lead",
    "DROP TRIGGER indexed_results_more",
    "DROP TRIGGER indexed_results_less",
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
POSTGRESQL_TRIGGERS_BEFORE = (
    "DROP TRIGGER indexed_results_lead ON indexed_results",
    "DROP FUNCTION move_lead()",
    """
    CREATE OR REPLACE FUNCTION count_indexed_result() RETURNS trigger LANGUAGE plpgsql AS $$
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
    "ALTER TABLE coverage DROP COLUMN stories",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, name, kind in (
        ("articles", "story_id", "uuid"),
        ("articles", "similarity", "double precision"),
        ("indexed_results", "story_id", "uuid"),
        ("indexed_results", "copy_order", "bigint"),
        *((table, "leads_story", "boolean NOT NULL DEFAULT true") for table in LEADING),
    ):
        _add_column(table, name, kind, sqlite=sqlite)
    _create_indexes(sqlite=sqlite)
    if sqlite:
        op.add_column("coverage", sa.Column("stories", sa.Integer(), server_default="0", nullable=False))
        op.execute("UPDATE coverage SET stories = articles")
    for statement in SQLITE_TRIGGERS if sqlite else POSTGRESQL_TRIGGERS:
        op.execute(statement)
    _create_fingerprints()


def _add_column(table: str, name: str, kind: str, *, sqlite: bool) -> None:
    if sqlite:
        types: dict[str, Callable[[], sa.Column[object]]] = {
            "uuid": lambda: sa.Column(name, sa.Uuid()),
            "double precision": lambda: sa.Column(name, sa.Float(53)),
            "bigint": lambda: sa.Column(name, sa.BigInteger()),
        }
        leads: sa.Column[bool] = sa.Column(name, sa.Boolean(), server_default=sa.true(), nullable=False)
        op.add_column(table, types[kind]() if kind in types else leads)
        return
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}")


def _create_indexes(*, sqlite: bool) -> None:
    online.create_index("ix_articles_story_id", "articles", ["story_id", "id"], IN_STORY)
    online.create_index("ix_indexed_results_story_id", "indexed_results", ["story_id", "copy_order"], IN_STORY)
    copies = "leads_story = 0" if sqlite else "NOT leads_story"
    online.create_index("ix_indexed_results_copies", "indexed_results", ["day", "feed"], copies)
    columns = ["day", "feed", "stance", "score", "leads_story"]
    online.create_index("ix_stances_day_stories", "stances", columns)
    online.drop_index("ix_stances_day", "stances")


def _create_fingerprints() -> None:
    op.create_table(
        "fingerprints",
        sa.Column("sequence", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("minima", sa.LargeBinary(), nullable=False),
        sa.Column("analysis_key", sa.String(length=64)),
        sa.Column("remembered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["results.sequence"], name=op.f("fk_fingerprints_sequence_results"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_fingerprints")),
    )
    op.create_index("ix_fingerprints_remembered_at", "fingerprints", ["remembered_at"])
    op.create_index("ix_fingerprints_analysis_key", "fingerprints", ["analysis_key"])
    op.create_table(
        "fingerprint_bands",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", ROW_ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["fingerprints.sequence"],
            name=op.f("fk_fingerprint_bands_sequence_fingerprints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("band", "sequence", name=op.f("pk_fingerprint_bands")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fingerprint_bands_sequence", "fingerprint_bands", ["sequence"])


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.drop_table("fingerprint_bands")
    op.drop_table("fingerprints")
    for statement in SQLITE_TRIGGERS_BEFORE if sqlite else POSTGRESQL_TRIGGERS_BEFORE:
        op.execute(statement)
    if sqlite:
        op.drop_column("coverage", "stories")
    op.create_index("ix_stances_day", "stances", ["day", "feed", "stance", "score"])
    op.drop_index("ix_stances_day_stories", "stances")
    op.drop_index("ix_indexed_results_copies", "indexed_results")
    op.drop_index("ix_indexed_results_story_id", "indexed_results")
    op.drop_index("ix_articles_story_id", "articles")
    for table in LEADING:
        op.drop_column(table, "leads_story")
    op.drop_column("indexed_results", "copy_order")
    op.drop_column("indexed_results", "story_id")
    op.drop_column("articles", "similarity")
    op.drop_column("articles", "story_id")
