"""Admission by expected wait, and refusals repeated before the body of a push is read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.caller import Scope
from services.database.engine import Database, now_ms
from services.database.tables import jobs
from services.jobs.throughput import measure_throughput
from tests.support.api import Api, assert_problem, count_articles, make_key, push_batch, read_metrics
from tests.support.console_forms import get_page
from tests.support.ledger import article, push, set_row

QUEUED_FOR_S = 30
JSON = {"Content-Type": "application/json"}


def _queue_backlog(database: Database, feed: str, count: int) -> list[UUID]:
    """Queue articles as of `QUEUED_FOR_S` seconds ago; return the IDs of their jobs."""
    acceptances = push(database, *(article(f"{feed} {number}", feed=feed) for number in range(count)))
    ids = [acceptance.job_id for acceptance in acceptances]
    _update_jobs(database, ids, queued_at=now_ms() - QUEUED_FOR_S * 1000)
    return ids


def _update_jobs(database: Database, ids: list[UUID], **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(**values))


def _finish(database: Database, ids: list[UUID], ago_s: float = 0) -> None:
    _update_jobs(database, ids, state="succeeded", finished_at=now_ms() - int(ago_s * 1000))


# --- the rate ---


def test_rate_counts_jobs_finished_while_others_waited(database: Database) -> None:
    ids = _queue_backlog(database, "a", 90)
    assert measure_throughput(database).per_s == 0, "jobs wait and none is finished"
    _finish(database, ids[:60], ago_s=20)
    assert measure_throughput(database).per_s == pytest.approx(60 / QUEUED_FOR_S, rel=0.1)
    _finish(database, ids[60:85], ago_s=5)
    assert measure_throughput(database).per_s == pytest.approx(85 / QUEUED_FOR_S, rel=0.1)
    _finish(database, ids[:50], ago_s=2)
    assert measure_throughput(database).per_s == pytest.approx(75 / 10, rel=0.1), "work resumed after an outage"
    throughput = measure_throughput(database)
    assert throughput.queued == {"a": 5}
    assert throughput.oldest_s == pytest.approx(QUEUED_FOR_S, abs=5)


def test_rate_is_unknown_while_no_job_waits_for_a_worker(database: Database) -> None:
    assert measure_throughput(database).per_s is None
    ids = _queue_backlog(database, "a", 3)
    _finish(database, ids[:1], ago_s=5)
    _update_jobs(database, ids[1:], next_run_at=now_ms() + 60_000)
    assert measure_throughput(database).per_s is None, "the other jobs are delayed after a failed attempt"
    new_job = push(database, article("new", feed="b"))[0].job_id
    assert measure_throughput(database).per_s is None, "a job queued just now gives no rate"
    set_row(database, new_job, queued_at=now_ms() - 20_000, next_run_at=now_ms() - 20_000)
    assert measure_throughput(database).per_s == pytest.approx(1 / 10, rel=0.1)


def test_canceled_jobs_do_not_count_as_finished(database: Database) -> None:
    ids = _queue_backlog(database, "a", 20)
    _update_jobs(database, ids[:10], state="canceled", finished_at=now_ms())
    assert measure_throughput(database).per_s == 0


# --- admission ---


def test_feed_with_too_long_a_wait_is_refused_and_others_are_accepted(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"wait_s": 60})
    ids = _queue_backlog(database, "flood", 230)
    _finish(database, ids[:30])  # 3 a second over the last ten seconds: 200 queued articles take 67 s
    refused = api.push("One more.", feed="flood")
    assert "may wait for 60" in assert_problem(refused, 503, "backlog_too_long")["detail"]
    assert 5 <= int(refused.headers["Retry-After"]) <= 15
    assert api.push("One.", feed="quiet").status_code == 202
    mixed = push_batch(api, {"body": "Two.", "feed": "quiet"}, {"body": "Three.", "feed": "flood"})
    assert [item["status"] for item in mixed.json()["items"]] == [202, 503]
    _finish(database, ids[30:55])
    _finish(database, ids[:25], ago_s=45)  # the rate stays the same
    api.await_reassessment()
    # 58 s: below the limit, but not by enough.
    assert_problem(api.push("One more.", feed="flood"), 503, "backlog_too_long")
    _finish(database, ids[55:90])
    _finish(database, ids[25:60], ago_s=45)
    api.await_reassessment()
    assert api.push("One more.", feed="flood").status_code == 202


def test_intake_is_open_while_an_old_backlog_shrinks(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"wait_s": 60})
    ids = _queue_backlog(database, "a", 40)
    _update_jobs(database, ids, queued_at=now_ms() - 7_200_000)
    assert_problem(api.push("One more.", feed="a"), 503, "backlog_too_old")
    assert_problem(api.push("One more.", feed="b"), 503, "backlog_too_old")
    _finish(database, ids[:20])
    api.await_reassessment()
    assert api.push("One more.", feed="a").status_code == 202, "the backlog is two hours old and takes ten seconds"


def test_paused_and_background_jobs_delay_no_feed(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"wait_s": 60})
    ids = _queue_backlog(database, "a", 60)
    _queue_backlog(database, "held", 400)
    _update_jobs(database, _queue_backlog(database, "past", 400), priority=-1000)
    assert api.client.put("/v1/feeds/held/pause", json={"reason": "a test"}).is_success
    _finish(database, ids[:20])  # last, as a rate is that of the last ten seconds
    assert api.push("One more.", feed="a").status_code == 202
    assert api.push("One more.", feed="past").status_code == 202
    assert_problem(api.push("One more.", feed="held"), 503, "feed_paused")


# --- refusals before the body is read ---


def test_refusal_is_repeated_without_reading_body_or_database(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 1})
    own = api.client_of(make_key(database, Scope.INGEST, feeds=("small",)))
    assert own.post("/v1/articles", json={"body": "One."}).status_code == 202
    api.await_reassessment()
    first_refusal = assert_problem(own.post("/v1/articles", json={"body": "Two."}), 429, "feed_queue_full")
    transactions: list[str] = []
    api.app.state.services.database.observer = lambda kind, _seconds: transactions.append(kind)
    for path, content in (("/v1/articles", b"{no JSON"), ("/v1/articles:batch", b'{"body": "Three."}\n')):
        repeated = own.post(path, content=content)
        assert assert_problem(repeated, 429, "feed_queue_full") == first_refusal
        assert int(repeated.headers["Retry-After"]) > 0
        assert repeated.headers["X-Content-Type-Options"] == "nosniff"
    assert transactions == []
    assert own.get("/v1/jobs").status_code in {200, 403}, "other requests are not refused"
    metrics = read_metrics(api)
    assert metrics["stancewire_articles_refused_total", (("code", "feed_queue_full"),)] == 3
    by_route = (("method", "POST"), ("route", "/v1/articles"), ("status", "429"))
    assert metrics["stancewire_http_requests_total", by_route] == 2


def test_refusal_ends_when_the_queue_has_room_again(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 1})
    own = api.client_of(make_key(database, Scope.INGEST, feeds=("small",)))
    own.post("/v1/articles", json={"body": "One."})
    api.await_reassessment()
    assert_problem(own.post("/v1/articles", json={"body": "Two."}), 429, "feed_queue_full")
    with database.read() as connection:
        ids = list(connection.execute(select(jobs.c.id)).scalars())
    _finish(database, ids)
    api.await_reassessment()
    assert own.post("/v1/articles", json={"body": "Two."}).status_code == 202
    assert count_articles(database) == 2


def test_refusal_is_repeated_only_to_keys_with_one_feed(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 1})
    api.push("One.", feed="small")
    api.await_reassessment()
    assert_problem(api.push("Two.", feed="small"), 429, "feed_queue_full")
    assert api.push("Two.", feed="other").status_code == 202
    assert (
        api.client.post("/v1/articles", content=b"{no JSON", headers={"Content-Type": "application/json"}).status_code
        == 400
    )
    reader = api.client_of(make_key(database, Scope.READ, feeds=("small",)))
    assert reader.post("/v1/articles", json={"body": "Two."}).status_code == 403
    without_key = api.client_of(None)
    assert without_key.post("/v1/articles", json={"body": "Two."}).status_code == 401


def test_closed_intake_is_refused_without_reading_the_body(database: Database, serve: Any) -> None:
    api: Api = serve(database)
    assert api.client.put("/v1/pause", json={"reason": "upgrade"}).is_success
    api.await_reassessment()
    first_refusal = assert_problem(api.push("One."), 503, "intake_paused")
    assert assert_problem(api.client.post("/v1/articles", content=b"{no JSON"), 503, "intake_paused") == first_refusal
    assert api.client.delete("/v1/pause").is_success
    api.await_reassessment()
    assert api.push("One.").status_code == 202


def test_looking_at_the_overview_does_not_cause_refusals(database: Database, serve: Any) -> None:
    """The overview shows that the feed is full; only a refused push may cause refusals before the body is read."""
    api: Api = serve(database, limits={"queued_per_feed": 1})
    pusher = api.client_of(make_key(database, Scope.INGEST, feeds=("small",)))
    pusher.post("/v1/articles", json={"body": "One."})
    api.await_reassessment()
    assert "The feed small is full" in get_page(api.client, "/")
    assert_problem(pusher.post("/v1/articles", content=b"{no JSON", headers=JSON), 400, "invalid")
    assert_problem(pusher.post("/v1/articles", json={"body": "Two."}), 429, "feed_queue_full")
    assert_problem(pusher.post("/v1/articles", content=b"{no JSON", headers=JSON), 429, "feed_queue_full")
