from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, event, func, select, update
from typer.testing import CliRunner

from services.cli.main import build
from services.database.engine import Database
from services.database.tables import (
    articles,
    attribution_names,
    attributions,
    coverage,
    indexed_results,
    jobs,
    results,
    stance_names,
    stances,
)
from services.jobs import actions, leases, result_queries
from services.jobs.leases import LeasedJob
from services.results import search_index
from services.results.full_text import phrases
from services.results.search import count_articles, find_stances
from services.results.search_query import SearchQuery
from tests.support.api import url_of
from tests.support.ledger import claim_all, listed_results
from tests.support.speech import Statement, build_result, store_result

TABLES = (indexed_results, coverage, attributions, attribution_names, stances, stance_names)
ONE = Statement("Ida Berg", "the tram is a mistake", target="Port Union")
DAY = 20_000  # 2024-10-04
WHEN: dict[str, Any] = {"published_at": "2024-10-04T12:00:00Z"}


def counts(database: Database) -> list[int]:
    with database.read() as connection:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES]


def who(database: Database, **asked: object) -> list[UUID]:
    return [row.article_id for row in find_stances(database, SearchQuery(**asked), None, 100)]  # type: ignore[arg-type]


def words(database: Database) -> list[UUID]:
    return who(database, phrases=phrases("tram mistake"))


def again(database: Database, job: LeasedJob, *said: Statement, analysis: int = 2) -> LeasedJob:
    """The article is analysed once more."""
    with database.write() as connection:
        row = connection.execute(select(jobs).where(jobs.c.article_id == job.article_id, jobs.c.analysis == 1)).one()
        values = dict(row._mapping) | {"id": UUID(int=analysis, version=4), "analysis": analysis, "state": "queued"}
        connection.execute(jobs.insert().values(**values | {"attempts": 0, "finished_at": None, "started_at": None}))
    [claimed] = claim_all(database)
    leases.complete(database, claimed, build_result(claimed, said))
    return claimed


def test_what_is_stored_is_found_and_what_is_withdrawn_is_gone(database: Database) -> None:
    kept, gone = (store_result(database, ONE, feed=feed, **WHEN) for feed in "ab")
    assert who(database) == words(database) == [gone.article_id, kept.article_id]
    assert count_articles(database, SearchQuery()) == {DAY: 2}
    actions.withdraw(database, gone.article_id)
    assert who(database) == words(database) == [kept.article_id]
    assert count_articles(database, SearchQuery()) == {DAY: 1}
    assert count_articles(database, SearchQuery(feed="b")) == {}


@pytest.mark.parametrize("table", [articles, jobs, results])
def test_what_is_deleted_takes_its_rows_along(database: Database, table: object) -> None:
    store_result(database, ONE, ONE, feed="a", **WHEN)
    assert counts(database) == [1, 1, 2, 4, 2, 8]  # "ida berg" and "berg", "port union" and "union"
    with database.write() as connection:
        connection.execute(delete(table))  # type: ignore[arg-type]  # one of three tables
    assert counts(database) == [0] * 6
    assert words(database) == []


def test_the_newest_version_speaks_for_a_story(database: Database) -> None:
    first = store_result(database, ONE, feed="a", guid="g", version="1")
    second = store_result(database, ONE, ONE, feed="a", guid="g", version="2")
    other = store_result(database, ONE, feed="b", guid="g", version="1")
    assert set(who(database)) == {second.article_id, other.article_id}
    listed = [stored.job.article_id for stored in listed_results(database)]
    assert listed == [first.article_id, second.article_id, other.article_id]


def test_a_version_that_is_analysed_late_does_not_come_back(database: Database) -> None:
    first = store_result(database, ONE, feed="a", guid="g", version="1")
    second = store_result(database, ONE, feed="a", guid="g", version="2")
    again(database, first, ONE)
    assert who(database) == [second.article_id]


def test_a_new_analysis_replaces_the_old_one_when_it_is_stored(database: Database) -> None:
    first = store_result(database, ONE, feed="a")
    [before] = find_stances(database, SearchQuery(), None, 10)
    newer = again(database, first, Statement("Ida Berg", "the tram is fine", target="Tram Company"))
    [after] = find_stances(database, SearchQuery(), None, 10)
    assert (before.job_id, after.job_id) == (first.job_id, newer.job_id)
    assert (after.target, after.at) == ("Tram Company", before.at)
    assert [stored.job.id for stored in listed_results(database)] == [newer.job_id]
    stored = result_queries.result(database, first.job_id)
    assert stored is not None, "a job's result stays where it was"
    assert stored.superseded_by == newer.job_id


def test_an_older_analysis_that_ends_late_replaces_nothing(database: Database) -> None:
    first = store_result(database, ONE, feed="a")
    newest = again(database, first, ONE, analysis=3)
    late = again(database, first, ONE, analysis=2)
    assert [row.job_id for row in find_stances(database, SearchQuery(), None, 10)] == [newest.job_id]
    stored = [result_queries.result(database, job_id) for job_id in (first.job_id, late.job_id, newest.job_id)]
    assert [result.superseded_by if result else "missing" for result in stored] == [newest.job_id, newest.job_id, None]


def test_a_time_in_the_future_counts_as_received(database: Database) -> None:
    store_result(database, ONE, feed="a", published_at="9999-01-01T00:00:00Z")
    store_result(database, ONE, feed="b", published_at="1969-07-20T20:17:40Z")
    ahead, old = find_stances(database, SearchQuery(), None, 10)
    assert old.day == -165
    assert ahead.day == ahead.at // 86_400_000 < 40_000


def test_results_of_before_are_found_after_the_backfill(database: Database) -> None:
    indexed = [store_result(database, ONE, feed="a", guid=f"g{number}", **WHEN) for number in range(5)]
    withdrawn = store_result(database, ONE, feed="a")
    with database.write() as connection:
        connection.execute(delete(indexed_results))
        connection.execute(update(articles).where(articles.c.id == withdrawn.article_id).values(withdrawn_at=1))
    assert counts(database) == [0] * 6
    after, looked, added = search_index.backfill(database, 0, 2)  # and then it is stopped
    assert (after, looked, added) == (2, 2, 2)
    runner = CliRunner(env={"STANCEWIRE_DATABASE_URL": url_of(database)})
    ended = runner.invoke(build(), ["index", "--page", "2"])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == "3 results indexed; 1 left out: withdrawn, or replaced by a newer version\n"
    assert sorted(who(database)) == sorted(words(database)) == sorted(job.article_id for job in indexed)
    assert count_articles(database, SearchQuery()) == {DAY: 5}


def all_rows(database: Database) -> list[list[tuple[object, ...]]]:
    with database.read() as connection:
        return [sorted(map(tuple, connection.execute(select(table))), key=repr) for table in TABLES]


def test_rebuild_makes_all_rows_again(database: Database) -> None:
    for number in range(5):
        store_result(database, ONE, feed="a", guid=f"g{number}", **WHEN)
    before = all_rows(database)
    with database.write() as connection:
        connection.execute(update(stances).values(holder=None, evidence="outdated"))
        connection.execute(update(attributions).values(speaker=None))
        connection.execute(delete(stance_names))
    runner = CliRunner(env={"STANCEWIRE_DATABASE_URL": url_of(database)})
    ended = runner.invoke(build(), ["index", "--rebuild", "--page", "2"])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == "5 results rebuilt\n0 results indexed\n"
    assert "4 results rebuilt; to continue from here: --rebuild --after 4" in ended.stderr
    assert all_rows(database) == before
    assert len(words(database)) == 5


def test_rebuild_continues_after_a_sequence(database: Database) -> None:
    for number in range(3):
        store_result(database, ONE, feed="a", guid=f"g{number}")
    with database.write() as connection:
        connection.execute(update(stances).values(holder=None))
    runner = CliRunner(env={"STANCEWIRE_DATABASE_URL": url_of(database)})
    ended = runner.invoke(build(), ["index", "--rebuild", "--after", "2"])
    assert ended.stdout == "1 results rebuilt\n0 results indexed\n"
    holders = [row.holder for row in find_stances(database, SearchQuery(), None, 10)]
    assert sorted(holders, key=str) == ["Ida Berg", None, None]
    refused = runner.invoke(build(), ["index", "--after", "2"])
    assert refused.exit_code == 2
    assert "needs --rebuild" in refused.output


def test_rebuild_beside_a_reader_and_a_newer_version_of_the_story(database: Database) -> None:
    store_result(database, ONE, feed="a", guid="g", version="1")
    stored: list[LeasedJob] = []
    writer = threading.Thread(
        target=lambda: stored.append(store_result(database, ONE, feed="a", guid="g", version="2"))
    )
    seen_by_readers: list[int] = []

    def interfere(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO stances ") and not seen_by_readers:
            seen_by_readers.append(len(who(database)))
            writer.start()
            writer.join(0.5)

    event.listen(database.engine, "before_cursor_execute", interfere)
    try:
        assert search_index.rebuild(database, 0, 100) == (1, 1)
    finally:
        event.remove(database.engine, "before_cursor_execute", interfere)
    writer.join()
    assert seen_by_readers == [1], "the rows that the rebuild has deleted are visible until it commits"
    assert who(database) == [stored[0].article_id]
    assert counts(database)[0] == 1


def test_what_an_article_may_put_into_the_index_is_bounded(database: Database) -> None:
    long = "word " * 30_000
    store_result(database, Statement("Ida " + "x" * 5_000, long, target="Port Union"), feed="a")
    [row] = find_stances(database, SearchQuery(), None, 10)
    assert len(row.evidence) == search_index.EXCERPT_MAX
    assert row.end - row.start > search_index.EXCERPT_MAX
