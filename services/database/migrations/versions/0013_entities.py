"""Create the tables of entities across articles, and mark the keys of names that are only a part of the name.

They are filled for new results; `stancewire index --rebuild` fills them for stored ones.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql")
OF_ALL_FEEDS = sa.text("feed = ''")

SQLITE_COUNTS = (
    """
    CREATE TRIGGER article_entities_more AFTER INSERT ON article_entities BEGIN
        INSERT INTO entities (key, type, feed, name, articles, attributions, held, targeted)
        SELECT new.key, new.type, feed, new.name, 1, new.attributions, new.held, new.targeted
        FROM (SELECT '' AS feed UNION ALL SELECT new.feed) WHERE true
        ON CONFLICT (key, type, feed) DO UPDATE SET
            name = excluded.name,
            articles = articles + 1,
            attributions = attributions + excluded.attributions,
            held = held + excluded.held,
            targeted = targeted + excluded.targeted;
    END
    """,
    """
    CREATE TRIGGER article_entities_less AFTER DELETE ON article_entities BEGIN
        UPDATE entities SET
            articles = articles - 1,
            attributions = attributions - old.attributions,
            held = held - old.held,
            targeted = targeted - old.targeted
        WHERE key = old.key AND type = old.type AND feed IN ('', old.feed);
        DELETE FROM entities
        WHERE key = old.key AND type = old.type AND feed IN ('', old.feed) AND articles <= 0;
        DELETE FROM entity_words
        WHERE key = old.key AND NOT EXISTS (SELECT 1 FROM entities WHERE entities.key = old.key);
    END
    """,
)
POSTGRESQL_COUNTS = (
    """
    CREATE FUNCTION count_article_entity() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO entities AS e (key, type, feed, name, articles, attributions, held, targeted)
            VALUES (NEW.key, NEW.type, '', NEW.name, 1, NEW.attributions, NEW.held, NEW.targeted),
                   (NEW.key, NEW.type, NEW.feed, NEW.name, 1, NEW.attributions, NEW.held, NEW.targeted)
            ON CONFLICT (key, type, feed) DO UPDATE SET
                name = excluded.name,
                articles = e.articles + 1,
                attributions = e.attributions + excluded.attributions,
                held = e.held + excluded.held,
                targeted = e.targeted + excluded.targeted;
        ELSE
            UPDATE entities SET
                articles = articles - 1,
                attributions = attributions - OLD.attributions,
                held = held - OLD.held,
                targeted = targeted - OLD.targeted
            WHERE key = OLD.key AND type = OLD.type AND feed IN ('', OLD.feed);
            DELETE FROM entities
            WHERE key = OLD.key AND type = OLD.type AND feed IN ('', OLD.feed) AND articles <= 0;
            DELETE FROM entity_words
            WHERE key = OLD.key AND NOT EXISTS (SELECT 1 FROM entities WHERE entities.key = OLD.key);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER article_entities_count AFTER INSERT OR DELETE ON article_entities
    FOR EACH ROW EXECUTE FUNCTION count_article_entity()
    """,
)


def _counts() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in ("attributions", "held", "targeted")]


def upgrade() -> None:
    for table in ("attribution_names", "stance_names"):
        op.add_column(table, sa.Column("exact", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "article_entities",
        sa.Column("sequence", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        *_counts(),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["indexed_results.sequence"],
            name=op.f("fk_article_entities_sequence_indexed_results"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sequence", "key", "type", name=op.f("pk_article_entities")),
    )
    op.create_table(
        "entities",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("feed", sa.String(length=63), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("key", "type", "feed", name=op.f("pk_entities")),
    )
    indexes: tuple[tuple[str, list[str | sa.TextClause]], ...] = (
        ("ix_entities_articles", [sa.text("articles DESC"), "key", "type"]),
        ("ix_entities_type_articles", ["type", sa.text("articles DESC"), "key"]),
    )
    for name, columns in indexes:
        op.create_index(name, "entities", columns, sqlite_where=OF_ALL_FEEDS, postgresql_where=OF_ALL_FEEDS)
    op.create_table(
        "entity_words",
        sa.Column("word", WORD, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("word", "key", name=op.f("pk_entity_words")),
    )
    op.create_index("ix_entity_words_key", "entity_words", ["key"])
    for statement in SQLITE_COUNTS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_COUNTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("entity_words", "article_entities", "entities"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION count_article_entity()")
    for table in ("attribution_names", "stance_names"):
        op.drop_column(table, "exact")
