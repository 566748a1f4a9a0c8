from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from services.caller import local
from services.cli.main import build
from services.contracts import JobState, Topic
from services.database.engine import Database
from services.database.tables import BACKGROUND, articles, jobs, topics
from services.jobs import actions, backlog, leases, result_queries
from services.results.search import find_stances
from services.results.search_query import SearchQuery
from services.settings import Topics
from services.topics import reanalysis, store
from services.topics.active_topics import ActiveTopics
from services.topics.reanalysis import Progress
from tests.support.api import url_of
from tests.support.ledger import article as an_article
from tests.support.ledger import claim_all, fill, listed_results, push
from tests.support.speech import Statement, build_result, store_result

TRAM = Statement("Ida Berg", "the tram is a mistake")
BUS = Statement("Ida Berg", "the bus is late")


def register(database: Database, name: str, **fields: Any) -> Topic:
    return store.add(
        database, **({"name": name, "aliases": (), "claim": "Build it."} | fields), limits=Topics(), by=local()
    ).topic


def backdate(database: Database) -> None:
    """Date the topics an hour back, and all results before them, so that every worker has the topics."""
    with database.write() as connection:
        connection.execute(update(topics).values(changed_at=topics.c.changed_at - 3_600_000))
        connection.execute(update(jobs).where(jobs.c.state == JobState.SUCCEEDED).values(started_at=1))


def read_page(database: Database, *chosen: Topic, page: int = 100, most: int = 100) -> Progress:
    return reanalysis.read_page(database, chosen, cache_s=10, page=page, most=most)


def queued_jobs(database: Database) -> list[tuple[UUID, int, int]]:
    query = (
        select(jobs.c.article_id, jobs.c.analysis, jobs.c.priority)
        .where(jobs.c.state == JobState.QUEUED)
        .order_by(jobs.c.id)
    )
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_only_articles_that_mention_the_topic_are_queued(database: Database) -> None:
    tram = [store_result(database, TRAM, feed="a", guid=f"t{number}").article_id for number in range(2)]
    store_result(database, BUS, feed="a")
    withdrawn = store_result(database, TRAM, feed="b")
    actions.withdraw(database, withdrawn.article_id)
    bodiless = store_result(database, TRAM, feed="c")
    with database.write() as connection:
        connection.execute(update(articles).where(articles.c.id == bodiless.article_id).values(body=None))
    topic = register(database, "tram")
    backdate(database)
    assert read_page(database, topic) == Progress(checked=4, queued=2, bodiless=1, more=False)
    assert queued_jobs(database) == [(article, 2, BACKGROUND) for article in tram]
    assert read_page(database, topic) == Progress(0, 0, 0, more=False), "results are checked once"


def test_next_page_continues_after_the_last_checked_result(database: Database) -> None:
    article_ids = [
        store_result(database, TRAM if number % 2 else BUS, feed="a", guid=f"g{number}").article_id
        for number in range(6)
    ]
    topic = register(database, "tram")
    backdate(database)
    assert read_page(database, topic, page=3) == Progress(3, 1, 0, more=True)
    assert read_page(database, topic, page=3, most=1) == Progress(1, 1, 0, more=True), "no more than there is room for"
    assert read_page(database, topic, page=3) == Progress(2, 1, 0, more=False)
    assert [article for article, _, _ in queued_jobs(database)] == article_ids[1::2]


def test_old_result_stays_valid_until_the_new_one_is_stored(database: Database) -> None:
    job = store_result(database, TRAM, feed="a")
    topic = register(database, "tram")
    backdate(database)
    read_page(database, topic)
    assert result_queries.result(database, job.job_id) is not None
    assert [stored.job.id for stored in listed_results(database)] == [job.job_id]
    [lease] = claim_all(database)
    opposition = Statement("Ida Berg", "the tram is a mistake", target="#tram")
    leases.complete(database, lease, build_result(lease, [opposition]))
    rows = find_stances(database, SearchQuery(equal={"topic": "tram"}), None, 5)
    assert [(row.job_id, row.topic) for row in rows] == [(lease.job_id, "tram")]
    assert read_page(database, topic) == Progress(0, 0, 0, more=False), (
        "results analysed with the topic are not checked"
    )


def test_result_analysed_with_the_topic_is_not_checked(database: Database) -> None:
    first = register(database, "tram")
    backdate(database)
    store_result(database, TRAM, BUS, feed="a")  # analysed long after the topic was registered
    assert read_page(database, first) == Progress(0, 0, 0, more=False)
    second = register(database, "bus")
    assert reanalysis.seconds_until_settled(database, [second], 10) > 5
    with database.write() as connection:  # the second is newer, so the article is queued for it alone
        connection.execute(update(topics).where(topics.c.id == "bus").values(changed_at=topics.c.changed_at + 1))
    assert read_page(database, first, second) == Progress(1, 1, 0, more=False)


def test_changed_aliases_reset_the_progress(database: Database) -> None:
    store_result(database, BUS, feed="a")
    topic = register(database, "tram")
    backdate(database)
    assert read_page(database, topic).queued == 0
    changed = store.change(database, topic.id, aliases=["bus"], limits=Topics(), by=local()).topic
    backdate(database)
    assert read_page(database, changed).queued == 1
    assert store.change(database, topic.id, aliases=["bus"], limits=Topics(), by=local()).reread_to > 0, (
        "nothing changed"
    )


def test_article_with_a_queued_job_is_not_queued_twice(database: Database) -> None:
    store_result(database, TRAM, BUS, feed="a")
    chosen = [register(database, name) for name in ("tram", "bus")]
    backdate(database)
    assert read_page(database, chosen[0]).queued == 1
    assert read_page(database, chosen[1]).queued == 0
    assert len(queued_jobs(database)) == 1


def test_topic_is_unsettled_while_an_earlier_analysis_runs(database: Database) -> None:
    push(database, an_article("The tram."))
    [claimed] = claim_all(database)
    topic = register(database, "tram")
    with database.write() as connection:
        connection.execute(update(topics).values(changed_at=topics.c.changed_at - 3_600_000))
        connection.execute(update(jobs).values(started_at=1))
    assert reanalysis.seconds_until_settled(database, [topic], 10) > 0
    leases.complete(database, claimed, build_result(claimed, [TRAM]))
    assert reanalysis.seconds_until_settled(database, [topic], 10) == 0


def test_live_jobs_precede_background_jobs_which_do_not_age_the_backlog(database: Database) -> None:
    reanalysed = [store_result(database, TRAM, feed="a", guid=f"g{number}").article_id for number in range(3)]
    topic = register(database, "tram")
    backdate(database)
    read_page(database, topic)
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.state == JobState.QUEUED).values(queued_at=1))
    assert backlog.oldest_queued_s(database) == backlog.snapshot(database).oldest_queued_s == 0
    live = push(database, *(an_article(f"Story {number}.", feed="b") for number in range(5)))
    dispatched = [job_id for message in fill(database) for job_id in message.job_ids]
    with database.read() as connection:
        article_ids = {row.id: row.article_id for row in connection.execute(select(jobs.c.id, jobs.c.article_id))}
    assert [article_ids[job_id] for job_id in dispatched] == [*(job.article_id for job in live), *reanalysed]
    assert reanalysis.free_slots(database, 10) == 7
    assert reanalysis.free_slots(database, 2) == 0


def test_command_waits_for_free_slots_and_reports_its_counts(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        store_result(sqlite_database, TRAM, feed="a", guid=f"g{number}")
    register(sqlite_database, "tram")
    backdate(sqlite_database)
    sleeps: list[float] = []

    def process_jobs(seconds: float) -> None:
        sleeps.append(seconds)
        for claimed in claim_all(sqlite_database):
            leases.complete(sqlite_database, claimed, build_result(claimed, [TRAM]))

    monkeypatch.setattr("time.sleep", process_jobs)
    environment = {"STANCEWIRE_DATABASE_URL": url_of(sqlite_database), "STANCEWIRE_TOPICS__REANALYZE_WAITING": "2"}
    runner = CliRunner(env=environment)
    outcome = runner.invoke(build(), ["topics", "reanalyze", "tram"])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout == "5 results checked, 5 articles queued\n"
    assert len(sleeps) == 2
    assert len(find_stances(sqlite_database, SearchQuery(), None, 10)) == 0
    unknown = runner.invoke(build(), ["topics", "reanalyze", "none"])
    assert unknown.exit_code == 2
    assert "there is no active topic none" in unknown.output


def test_active_topics_are_reread_after_the_cache_time_and_kept_during_an_outage(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    active_topics = ActiveTopics(sqlite_database, cache_s=10)
    assert active_topics() == ()
    topic = register(sqlite_database, "tram")
    assert active_topics() == ()
    clock[0] += 10
    assert active_topics() == (topic,)
    sqlite_database.engine.dispose()
    path = sqlite_database.sqlite_file()
    assert path is not None
    path.rename(path.with_suffix(".away"))
    path.mkdir()  # the database does not answer
    clock[0] += 10
    assert active_topics() == (topic,)
