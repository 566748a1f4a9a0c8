"""No question reads a whole table: what the databases say they would do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select, text

from services.contracts import Act, EntityType, StanceLabel
from services.database.engine import Database
from services.results import entities, search
from services.results.entities import EntityKey, EntityQuery
from services.results.full_text import phrases
from services.results.search_index import DAY_MS
from services.results.search_query import Name, PageKey, SearchQuery
from tests.scale.store import NOW, fill
from tests.support.plans import plan
from tests.support.speech import Statement, store_result

BERG, UNION, MR_BERG = Name("h", ("berg",)), Name("t", ("port union",)), Name("h", ("mr berg", "berg"))
COLUMNS = {"equal": {"stance": StanceLabel.OPPOSE, "act": Act.REJECT}, "feed": "wire"}
ASKED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "time": {"since": 1, "until": 2},
    "score": {"at_least": {"score": 0.9}},
    "holder": {"names": (BERG,)},
    "holder by the whole name": {"names": (BERG,), "exact": True},
    "holder with a title": {"names": (MR_BERG,)},
    "holder and target": {"names": (BERG, UNION)},
    "holder, target and all else": {
        "names": (MR_BERG, UNION),
        **COLUMNS,
        "since": 1,
        "until": 2,
        "at_least": {"score": 0.5},
    },
    "topic": {"equal": {"topic": "tram"}},
    "topic and time": {"equal": {"topic": "tram", "stance": StanceLabel.SUPPORT}, "since": 1},
    "stance": {"equal": {"stance": StanceLabel.OPPOSE}},
    "act": {"equal": {"act": Act.REJECT}},
    "feed": {"feed": "wire"},
    "columns": COLUMNS,
    "text": {"phrases": phrases("tram plan")},
    "text and holder": {"phrases": phrases("tram plan"), "names": (BERG,), "equal": {"stance": StanceLabel.OPPOSE}},
    "feeds": {"feeds": frozenset({"a", "b"})},
}
SORTED = {"holder with a title", "holder, target and all else", "text"}  # their matches are read and then sorted
ALONG_TIME = {"nothing", "time", "score", "feeds"}  # walk the index of time until the page is full
STANCE_COLUMNS = {"stance", "topic"}


def steps_of(database: Database, query: Select[Any]) -> list[str]:
    with database.write() as connection:  # SET LOCAL holds in a transaction only, which a read is not
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # small tables are read whole otherwise
        return plan(connection, query)


@pytest.fixture
def filled(database: Database) -> Database:
    store_result(
        database,
        Statement("Ida Berg", "the tram plan", target="Port Union"),
        Statement("Ann Lee", "yes", target="#tram"),
    )
    return database


def check(database: Database, name: str, steps: list[str], *, ordered: bool) -> None:
    whole = "\n".join(steps)
    if database.dialect == "postgresql":
        assert "Seq Scan" not in whole, (name, whole)
        return
    scans = [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    if name not in ALONG_TIME:
        assert scans == [], (name, whole)
    assert all("USING" in step and "INDEX" in step for step in scans), (name, whole)
    if ordered and name not in SORTED:
        assert "USE TEMP B-TREE FOR ORDER BY" not in whole, (name, whole)


def test_no_page_reads_a_whole_table(filled: Database) -> None:
    for kind in ("attributions", "stances"):
        for name, asked in ASKED.items():
            if kind == "attributions" and (STANCE_COLUMNS & asked.get("equal", {}).keys() or "target" in name):
                continue
            for before in (None, PageKey(10**12, 5)):
                with filled.read() as connection:
                    query = search.page_query(connection, filled, kind, SearchQuery(**asked), before, 51)
                check(filled, name, steps_of(filled, query), ordered=True)


def test_no_page_of_entities_reads_a_whole_table(filled: Database) -> None:
    for asked in (
        EntityQuery(),
        EntityQuery("berg"),
        EntityQuery("port uni", EntityType.PERSON, "target"),
        EntityQuery(type=EntityType.PERSON),
    ):
        for after in (None, EntityKey("ida berg", EntityType.PERSON)):
            with filled.read() as connection:
                words = (asked.text or "").split()
                queries = entities.pages(connection, asked, words, after, 21)
            for query in queries:
                whole = "\n".join(steps_of(filled, query))
                assert "Seq Scan" not in whole, (asked, whole)
                assert "SCAN entities\n" not in f"{whole}\n", (asked, whole)


def test_no_timeline_reads_a_whole_table(filled: Database) -> None:
    for name, asked in ASKED.items():
        wanted = SearchQuery(**{**asked, "since": 86_400_000 * 20_000, "until": 86_400_000 * 20_090})
        with filled.read() as connection:
            query = search.count_query(connection, filled, wanted)
        steps = steps_of(filled, query)
        check(filled, name, steps, ordered=False)
        assert filled.dialect != "sqlite" or all(not step.startswith("SCAN stances ") for step in steps), (name, steps)


def test_a_phrase_over_time_reads_the_words_that_are_stored(database: Database) -> None:
    """On PostgreSQL: neither the index nor the second look at what it finds works the words out again."""
    for _ in fill(database, 5_000):
        pass
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE stances"))  # what autovacuum does in time
    wanted = SearchQuery(phrases=phrases('"word20 word30"'), since=NOW - 365 * DAY_MS, until=NOW)
    with database.read() as connection:
        whole = "\n".join(steps_of(database, search.count_query(connection, database, wanted)))
    if database.dialect == "postgresql":
        assert "Bitmap Index Scan on ix_stances_words" in whole
        assert "to_tsvector" not in whole
    else:
        assert "SCAN stances_text VIRTUAL TABLE" in whole
