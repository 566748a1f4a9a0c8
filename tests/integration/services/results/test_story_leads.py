"""Searches and timelines count a story once, by its first copy in the feeds that are searched."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from services.contracts import StanceLabel
from services.database.engine import Database
from services.database.tables import articles, attributions, coverage, indexed_results, stances
from services.jobs import actions
from services.jobs.leases import LeasedJob
from services.results import search_index
from services.results.search import count_articles, count_stances, find_attributions, find_stances
from services.results.search_query import SearchQuery
from tests.support.copies import keys_of, long_text
from tests.support.speech import Statement, store_result

SAID = Statement("Ida Berg", "the tram is a mistake", target="Port Union")
SWAN, HERON = long_text("swan"), long_text("heron")
DAY = 20_000  # 2024-10-04


@pytest.fixture
def copies(database: Database) -> list[LeasedJob]:
    """The same text in feeds a to c, and another text in feed c."""
    texts = [("a", SWAN), ("b", SWAN), ("c", SWAN), ("c", HERON)]
    return [store(database, text, feed, f"g{number}") for number, (feed, text) in enumerate(texts)]


def store(database: Database, text: str, feed: str, guid: str, version: str = "1") -> LeasedJob:
    fields: dict[str, Any] = {"feed": feed, "guid": guid, "version": version, "published_at": "2024-10-04T12:00:00Z"}
    return store_result(database, SAID, body=text, keys=keys_of(text), **fields)


def ids(*jobs: LeasedJob) -> list[UUID]:
    return [job.article_id for job in reversed(jobs)]


def searched(database: Database, query: SearchQuery) -> list[UUID]:
    """The articles that searches find, after checking that statements, stances, timeline and coverage agree."""
    held = [row.article_id for row in find_stances(database, query, None, 100)]
    assert [row.article_id for row in find_attributions(database, query, None, 100)] == held
    counted = count_stances(database, query)
    assert sum(count.number for count in counted) == len(held)
    assert {count.stance for count in counted} <= {StanceLabel.OPPOSE}
    assert count_articles(database, query).get(DAY, 0) == len(held)
    return held


def test_story_counts_once_by_its_first_copy_and_every_copy_on_request(
    database: Database, copies: list[LeasedJob]
) -> None:
    assert searched(database, SearchQuery()) == ids(copies[0], copies[3])
    assert searched(database, SearchQuery(all_copies=True)) == ids(*copies)
    assert len({row.story_id for row in find_stances(database, SearchQuery(all_copies=True), None, 9)}) == 2


@pytest.mark.parametrize(
    ("feeds", "feed", "expected"),
    [
        ({"b", "c"}, None, [1, 3]),
        ({"c"}, None, [2, 3]),
        (None, "c", [2, 3]),
        (None, "b", [1]),
        ({"a", "c"}, "c", [2, 3]),
        ({"a"}, "c", []),
    ],
)
def test_restricted_search_sees_a_story_by_its_first_copy_there(
    database: Database, copies: list[LeasedJob], feeds: set[str] | None, feed: str | None, expected: list[int]
) -> None:
    query = SearchQuery(feeds=None if feeds is None else frozenset(feeds), feed=feed)
    assert searched(database, query) == ids(*(copies[number] for number in expected))


def test_next_copy_leads_when_the_first_is_withdrawn_or_erased(database: Database, copies: list[LeasedJob]) -> None:
    actions.withdraw(database, copies[0].article_id)
    assert searched(database, SearchQuery()) == ids(copies[1], copies[3])
    with database.write() as connection:
        connection.execute(delete(articles).where(articles.c.id == copies[1].article_id))
    assert searched(database, SearchQuery()) == ids(copies[2], copies[3])
    with database.write() as connection:
        connection.execute(delete(articles))
        assert connection.execute(select(coverage)).all() == []


def test_new_version_of_the_first_copy_keeps_the_lead(database: Database, copies: list[LeasedJob]) -> None:
    newer = store(database, f"{SWAN} Corrected.", "a", "g0", "2")
    assert set(searched(database, SearchQuery())) == {newer.article_id, copies[3].article_id}
    assert newer.article_id not in searched(database, SearchQuery(feeds=frozenset({"b", "c"})))


def test_rebuilt_rows_keep_the_lead(database: Database, copies: list[LeasedJob]) -> None:
    assert search_index.rebuild(database, 0, 100)[1] == 4
    assert searched(database, SearchQuery()) == ids(copies[0], copies[3])
    with database.read() as connection:
        for table in (attributions, stances):
            marks = select(table.c.leads_story, indexed_results.c.leads_story).join(
                indexed_results, indexed_results.c.sequence == table.c.sequence
            )
            assert all(item == result for item, result in connection.execute(marks))
