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
from services.jobs import actions, leases, queries
from services.results.search import SearchQuery, find_stances
from services.settings import Topics
from services.topics import reanalysis, store
from services.topics.active_topics import ActiveTopics
from services.topics.reanalysis import Progress
from tests.support.api import url_of
from tests.support.ledger import article as an_article
from tests.support.ledger import claim_all, fill, push
from tests.support.speech import Statement, build_result, store_result

TRAM = Statement("Ida Berg", "the tram is a mistake")
BUS = Statement("Ida Berg", "the bus is late")


def register(database: Database, name: str, **fields: Any) -> Topic:
    return store.add(
        database, **({"name": name, "aliases": (), "claim": "Build it."} | fields), limits=Topics(), by=local()
    ).topic


def settle(database: Database) -> None:
    """Every worker knows the topics: they were changed long ago, and all results are older."""
    with database.write() as connection:
        connection.execute(update(topics).values(changed_at=topics.c.changed_at - 3_600_000))
        connection.execute(update(jobs).where(jobs.c.state == JobState.SUCCEEDED).values(started_at=1))


def read(database: Database, *chosen: Topic, page: int = 100, most: int = 100) -> Progress:
    return reanalysis.read_page(database, chosen, cache_s=10, page=page, most=most)


def waiting(database: Database) -> list[tuple[UUID, int, int]]:
    query = (
        select(jobs.c.article_id, jobs.c.analysis, jobs.c.priority)
        .where(jobs.c.state == JobState.QUEUED)
        .order_by(jobs.c.id)
    )
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_only_articles_that_speak_of_the_topic_are_read_again(database: Database) -> None:
    tram = [store_result(database, TRAM, feed="a", guid=f"t{number}").article_id for number in range(2)]
    store_result(database, BUS, feed="a")
    withdrawn = store_result(database, TRAM, feed="b")
    actions.withdraw(database, withdrawn.article_id)
    bodiless = store_result(database, TRAM, feed="c")
    with database.write() as connection:
        connection.execute(update(articles).where(articles.c.id == bodiless.article_id).values(body=None))
    topic = register(database, "tram")
    settle(database)
    assert read(database, topic) == Progress(looked=4, queued=2, bodiless=1, more=False)
    assert waiting(database) == [(article, 2, BACKGROUND) for article in tram]
    assert read(database, topic) == Progress(0, 0, 0, more=False), "the past is looked through once"


def test_it_goes_on_where_it_was_stopped(database: Database) -> None:
    article_ids = [
        store_result(database, TRAM if number % 2 else BUS, feed="a", guid=f"g{number}").article_id
        for number in range(6)
    ]
    topic = register(database, "tram")
    settle(database)
    assert read(database, topic, page=3) == Progress(3, 1, 0, more=True)
    assert read(database, topic, page=3, most=1) == Progress(1, 1, 0, more=True), "no more than there is room for"
    assert read(database, topic, page=3) == Progress(2, 1, 0, more=False)
    assert [article for article, _, _ in waiting(database)] == article_ids[1::2]


def test_the_old_result_speaks_until_the_new_one_is_stored(database: Database) -> None:
    told = store_result(database, TRAM, feed="a")
    topic = register(database, "tram")
    settle(database)
    read(database, topic)
    assert queries.result(database, told.job_id) is not None
    assert [record.id for record in (s.job for s in queries.list_results(database, after=0, limit=5))] == [told.job_id]
    [again] = claim_all(database)
    opposition = Statement("Ida Berg", "the tram is a mistake", target="#tram")
    leases.complete(database, again, build_result(again, [opposition]))
    rows = find_stances(database, SearchQuery(equal={"topic": "tram"}), None, 5)
    assert [(row.job_id, row.topic) for row in rows] == [(again.job_id, "tram")]
    assert read(database, topic) == Progress(0, 0, 0, more=False), "what was read with the topic is not read again"


def test_what_was_analysed_with_the_topic_is_not_read_again(database: Database) -> None:
    first = register(database, "tram")
    settle(database)
    store_result(database, TRAM, BUS, feed="a")  # analysed long after the topic was registered
    assert read(database, first) == Progress(0, 0, 0, more=False)
    second = register(database, "bus")
    assert reanalysis.unsettled(database, [second], 10) > 5
    with database.write() as connection:  # the second is young, and for it alone the article is read again
        connection.execute(update(topics).where(topics.c.id == "bus").values(changed_at=topics.c.changed_at + 1))
    assert read(database, first, second) == Progress(1, 1, 0, more=False)


def test_changed_aliases_make_the_past_unread(database: Database) -> None:
    store_result(database, BUS, feed="a")
    topic = register(database, "tram")
    settle(database)
    assert read(database, topic).queued == 0
    changed = store.change(database, topic.id, aliases=["bus"], limits=Topics(), by=local()).topic
    settle(database)
    assert read(database, changed).queued == 1
    assert store.change(database, topic.id, aliases=["bus"], limits=Topics(), by=local()).reread_to > 0, (
        "nothing changed"
    )


def test_an_article_that_waits_anyway_is_not_queued_twice(database: Database) -> None:
    store_result(database, TRAM, BUS, feed="a")
    chosen = [register(database, name) for name in ("tram", "bus")]
    settle(database)
    assert read(database, chosen[0]).queued == 1
    assert read(database, chosen[1]).queued == 0
    assert len(waiting(database)) == 1


def test_an_analysis_that_began_before_is_waited_for(database: Database) -> None:
    push(database, an_article("The tram."))
    [claimed] = claim_all(database)
    topic = register(database, "tram")
    with database.write() as connection:
        connection.execute(update(topics).values(changed_at=topics.c.changed_at - 3_600_000))
        connection.execute(update(jobs).values(started_at=1))
    assert reanalysis.unsettled(database, [topic], 10) > 0
    leases.complete(database, claimed, build_result(claimed, [TRAM]))
    assert reanalysis.unsettled(database, [topic], 10) == 0


def test_live_jobs_of_any_feed_go_first_and_the_past_ages_nobody(database: Database) -> None:
    told = [store_result(database, TRAM, feed="a", guid=f"g{number}").article_id for number in range(3)]
    topic = register(database, "tram")
    settle(database)
    read(database, topic)
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.state == JobState.QUEUED).values(queued_at=1))
    assert queries.oldest_queued_s(database) == queries.backlog_snapshot(database).oldest_queued_s == 0
    live = push(database, *(an_article(f"Story {number}.", feed="b") for number in range(5)))
    dispatched = [job_id for message in fill(database) for job_id in message.job_ids]
    with database.read() as connection:
        of = {row.id: row.article_id for row in connection.execute(select(jobs.c.id, jobs.c.article_id))}
    assert [of[job_id] for job_id in dispatched] == [*(one.article_id for one in live), *told]
    assert reanalysis.room(database, 10) == 7
    assert reanalysis.room(database, 2) == 0


def test_the_command_waits_for_room_and_says_what_it_did(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        store_result(sqlite_database, TRAM, feed="a", guid=f"g{number}")
    register(sqlite_database, "tram")
    settle(sqlite_database)
    slept: list[float] = []

    def work_meanwhile(seconds: float) -> None:
        slept.append(seconds)
        for claimed in claim_all(sqlite_database):
            leases.complete(sqlite_database, claimed, build_result(claimed, [TRAM]))

    monkeypatch.setattr("time.sleep", work_meanwhile)
    environment = {"STANCEWIRE_DATABASE_URL": url_of(sqlite_database), "STANCEWIRE_TOPICS__REANALYZE_WAITING": "2"}
    runner = CliRunner(env=environment)
    ended = runner.invoke(build(), ["topics", "reanalyze", "tram"])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == "5 results checked, 5 articles queued\n"
    assert len(slept) == 2
    assert len(find_stances(sqlite_database, SearchQuery(), None, 10)) == 0
    unknown = runner.invoke(build(), ["topics", "reanalyze", "none"])
    assert unknown.exit_code == 2
    assert "there is no active topic none" in unknown.output


def test_a_worker_asks_for_topics_now_and_then(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    known = ActiveTopics(sqlite_database, cache_s=10)
    assert known() == ()
    topic = register(sqlite_database, "tram")
    assert known() == ()
    clock[0] += 10
    assert known() == (topic,)
    sqlite_database.engine.dispose()
    path = sqlite_database.sqlite_file()
    assert path is not None
    path.rename(path.with_suffix(".away"))
    path.mkdir()  # the database does not answer
    clock[0] += 10
    assert known() == (topic,)
