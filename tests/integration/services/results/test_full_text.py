"""PostgreSQL's column of words is made on a filled table, while programs of before go on (migration 0005)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import DefaultClause, event, inspect, text

from services.database import migrations
from services.database.engine import Database
from services.database.migrations import online
from services.database.tables import metadata
from services.results.full_text import phrases
from services.results.search import count_stances, find_attributions, find_stances
from services.results.search_query import SearchQuery
from services.settings import Database as DatabaseSettings
from tests.support.postgres import PostgresServer
from tests.support.speech import Statement, store_result

ONE = Statement("Ida Berg", "the café-bar’s tram is a mistake", target="Port Union")
ASKED = '"cafe bar" "tram is a mistake"'
OLD_QUESTION = (
    "SELECT id FROM stances WHERE"
    " to_tsvector('simple', regexp_replace(regexp_replace(normalize(evidence, NFKD), '[\u0300-\u036f]', '', 'g'),"
    " '[-./''’_@&]', ' ', 'g')) @@ phraseto_tsquery('simple', 'cafe bar')"
)
WITHOUT_WORDS = "SELECT id FROM attributions WHERE words IS NULL UNION ALL SELECT id FROM stances WHERE words IS NULL"
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
COLUMNS = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY 1, 2"
)
FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"


class Broken(Exception):
    """The migration is broken off here."""


@pytest.fixture
def before(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database at the schema before; batches are small."""
    monkeypatch.setattr(online, "_BATCH", 2)
    with postgres.new_database() as url:
        opened = Database(url, DatabaseSettings(busy_timeout_s=5))
        migrations.upgrade(opened, "0004")
        yield opened
        opened.dispose()


def tell_one(database: Database, *more: Statement) -> UUID:
    """Store an article at any schema, which has today's tables and columns while today's program writes."""
    with database.write() as connection:
        inspector = inspect(connection)
        absent = [table for table in metadata.sorted_tables if not inspector.has_table(table.name)]
        missing = [
            column
            for table in metadata.tables.values()
            if inspector.has_table(table.name)
            for column in table.columns
            if column.name not in {known["name"] for known in inspector.get_columns(table.name)}
        ]
        metadata.create_all(connection, absent)
    for column in missing:
        default = ""
        if isinstance(column.server_default, DefaultClause):
            value = column.server_default.arg
            default = f"DEFAULT '{value}'" if isinstance(value, str) else f"DEFAULT {value}"
        kind = column.type.compile(database.engine.dialect)
        execute(database, f'ALTER TABLE {column.table} ADD COLUMN "{column.name}" {kind} {default}')
    try:
        return store_result(database, ONE, *more, guid=uuid4().hex).article_id
    finally:
        with database.write() as connection:
            metadata.drop_all(connection, absent)
        for column in missing:
            execute(database, f'ALTER TABLE {column.table} DROP COLUMN "{column.name}"')


def execute(database: Database, statement: str) -> None:
    with database.write() as connection:
        connection.execute(text(statement))


def rows(database: Database, query: str) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(text(query)).all())


def schema(database: Database) -> list[list[Any]]:
    return [rows(database, query) for query in (INDEXES, COLUMNS, FUNCTIONS, TRIGGERS)]


def without_words(database: Database) -> int:
    return len(rows(database, WITHOUT_WORDS))


def matching_articles(database: Database) -> list[set[UUID]]:
    """The articles whose attributions, and whose stances, hold the words."""
    wanted = SearchQuery(phrases=phrases(ASKED))
    return [{row.article_id for row in find(database, wanted, None, 100)} for find in (find_attributions, find_stances)]


def found_by_the_old_program(database: Database) -> int:
    return len(rows(database, OLD_QUESTION))


@contextmanager
def at_each(database: Database, words: str, act: Callable[[], object]) -> Iterator[None]:
    """Before a statement that holds ``words`` is executed, something else happens."""

    def look(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if words in statement:
            act()

    event.listen(database.engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", look)


def downgrade(database: Database) -> None:
    with migrations._connection(database) as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")


def test_what_was_stored_before_is_found_as_before(before: Database) -> None:
    articles = {tell_one(before, Statement("Ann Lee", "yes", target="#tram")) for _ in range(5)}
    assert found_by_the_old_program(before) == 5
    migrations.upgrade(before)
    assert without_words(before) == 0
    assert matching_articles(before) == [articles, articles]
    assert sum(count.number for count in count_stances(before, SearchQuery(phrases=phrases(ASKED)))) == 5
    assert found_by_the_old_program(before) == 5


@pytest.mark.parametrize("step", ["SKIP LOCKED", "CREATE INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY"])
def test_others_write_and_ask_at_each_step(before: Database, step: str) -> None:
    articles = {tell_one(before) for _ in range(3)}
    meanwhile: set[UUID] = set()

    def write_and_ask() -> None:
        if len(meanwhile) < 5:
            meanwhile.add(tell_one(before))
            assert found_by_the_old_program(before) == len(articles | meanwhile)

    with at_each(before, step, write_and_ask):
        migrations.upgrade(before)
    assert meanwhile
    assert without_words(before) == 0
    assert matching_articles(before) == [articles | meanwhile] * 2


@pytest.mark.parametrize(
    ("words", "number", "filled"),
    [("UPDATE stances", 2, 2), ("INDEX CONCURRENTLY ix_stances_words", 1, 7), ("DROP INDEX CONCURRENTLY", 1, 7)],
)
def test_broken_off_it_goes_on(before: Database, words: str, number: int, filled: int) -> None:
    """Broken off at the first or second statement of that kind."""
    articles = {tell_one(before) for _ in range(7)}
    passed: list[None] = []

    def break_off() -> None:
        passed.append(None)
        if len(passed) == number:
            raise Broken

    with at_each(before, words, break_off), pytest.raises(Broken):
        migrations.upgrade(before)
    assert migrations.current(before) == "0004"
    written = "SELECT id, xmin FROM stances WHERE words IS NOT NULL ORDER BY id"
    done = rows(before, written)
    assert len(done) == filled
    articles.add(tell_one(before))
    migrations.upgrade(before)
    assert rows(before, written)[: len(done)] == done, "what was filled is not written again"
    assert without_words(before) == 0
    assert matching_articles(before) == [articles, articles]


def test_a_row_that_another_holds_is_passed_by_and_filled_later(before: Database) -> None:
    articles = {tell_one(before) for _ in range(5)}
    passes: list[int] = []
    with before.session() as other:

        def hold_and_let_go() -> None:
            passes.append(without_words(before))
            if len(passes) == 1:
                other.execute(text("SELECT FROM stances ORDER BY id LIMIT 1 FOR UPDATE"))
            else:
                other.rollback()

        with at_each(before, "EXISTS (SELECT FROM stances", hold_and_let_go):
            migrations.upgrade(before)
    assert passes == [5, 1, 0]
    assert matching_articles(before) == [articles, articles]


def test_back_and_forth(before: Database) -> None:
    articles = {tell_one(before) for _ in range(3)}
    first = schema(before)
    migrations.upgrade(before)
    newest = schema(before)
    articles.add(tell_one(before))
    downgrade(before)
    assert schema(before) == first
    articles.add(tell_one(before))
    assert found_by_the_old_program(before) == 5
    migrations.upgrade(before)
    assert schema(before) == newest
    assert matching_articles(before) == [articles, articles]
