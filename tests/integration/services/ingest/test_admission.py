"""Intake by the wait to come, and the door that repeats what the gate has said."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.caller import Scope
from services.database.engine import Database, now_ms
from services.database.tables import jobs
from services.jobs.throughput import measure_throughput
from tests.support.api import Api, batch, make_key, problem, samples, stored
from tests.support.ledger import article, push, set_row

SINCE_S = 30  # for so long something has waited


def _backlog(database: Database, feed: str, number: int) -> list[UUID]:
    """Articles that have waited for a while."""
    taken = push(database, *(article(f"{feed} {place}", feed=feed) for place in range(number)))
    ids = [answer.job_id for answer in taken]
    _set(database, ids, queued_at=now_ms() - SINCE_S * 1000)
    return ids


def _set(database: Database, ids: list[UUID], **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(**values))


def _finish(database: Database, ids: list[UUID], ago_s: float = 0) -> None:
    _set(database, ids, state="succeeded", finished_at=now_ms() - int(ago_s * 1000))


def _look_again() -> None:
    time.sleep(1.1)  # a judgement holds for a second


# --- the rate -----------------------------------------------------------------------------------------------------------------


def test_the_rate_is_what_was_finished_while_others_waited(database: Database) -> None:
    ids = _backlog(database, "a", 90)
    assert measure_throughput(database).per_s == 0, "they wait, and nothing is done"
    _finish(database, ids[:60], ago_s=20)
    assert measure_throughput(database).per_s == pytest.approx(60 / SINCE_S, rel=0.1)
    _finish(database, ids[60:85], ago_s=5)
    assert measure_throughput(database).per_s == pytest.approx(85 / SINCE_S, rel=0.1)
    _finish(database, ids[:50], ago_s=2)
    assert measure_throughput(database).per_s == pytest.approx(75 / 10, rel=0.1), "work went on again after an outage"
    seen = measure_throughput(database)
    assert seen.queued == {"a": 5}
    assert seen.oldest_s == pytest.approx(SINCE_S, abs=5)


def test_where_nothing_waits_for_a_worker_no_rate_is_told(database: Database) -> None:
    assert measure_throughput(database).per_s is None
    ids = _backlog(database, "a", 3)
    _finish(database, ids[:1], ago_s=5)
    _set(database, ids[1:], next_run_at=now_ms() + 60_000)
    assert measure_throughput(database).per_s is None, "those that are left are put off after a failed attempt"
    fresh = push(database, article("new", feed="b"))[0].job_id
    assert measure_throughput(database).per_s is None, "what has come just now says nothing"
    set_row(database, fresh, queued_at=now_ms() - 20_000, next_run_at=now_ms() - 20_000)
    assert measure_throughput(database).per_s == pytest.approx(1 / 10, rel=0.1)


def test_what_was_canceled_was_not_worked_off(database: Database) -> None:
    ids = _backlog(database, "a", 20)
    _set(database, ids[:10], state="canceled", finished_at=now_ms())
    assert measure_throughput(database).per_s == 0


# --- the gate -----------------------------------------------------------------------------------------------------------------


def test_a_feed_that_would_wait_too_long_is_503_and_others_go_on(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"wait_s": 60})
    ids = _backlog(database, "flood", 230)
    _finish(database, ids[:30])  # 3 a second, if only the last ten seconds count: 200 are 67 seconds
    refused = api.push("One more.", feed="flood")
    assert "may wait for 60" in problem(refused, 503, "backlog_too_long")["detail"]
    assert 5 <= int(refused.headers["Retry-After"]) <= 15
    assert api.push("One.", feed="quiet").status_code == 202
    mixed = batch(api, {"body": "Two.", "feed": "quiet"}, {"body": "Three.", "feed": "flood"})
    assert [item["status"] for item in mixed.json()["items"]] == [202, 503]
    _finish(database, ids[30:55])
    _finish(database, ids[:25], ago_s=45)  # the rate stays what it was
    _look_again()
    problem(api.push("One more.", feed="flood"), 503, "backlog_too_long")  # 58 s: shorter, but not by enough to open
    _finish(database, ids[55:90])
    _finish(database, ids[25:60], ago_s=45)
    _look_again()
    assert api.push("One more.", feed="flood").status_code == 202


def test_intake_is_open_while_old_backlog_is_worked_off(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"wait_s": 60})
    ids = _backlog(database, "a", 40)
    _set(database, ids, queued_at=now_ms() - 7_200_000)
    problem(api.push("One more.", feed="a"), 503, "backlog_too_old")
    problem(api.push("One more.", feed="b"), 503, "backlog_too_old")
    _finish(database, ids[:20])
    _look_again()
    assert api.push("One more.", feed="a").status_code == 202, "two hours old, but gone in ten seconds"


def test_paused_and_background_jobs_are_in_nobody_s_way(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"wait_s": 60})
    ids = _backlog(database, "a", 60)
    _finish(database, ids[:20])
    _backlog(database, "held", 400)
    _set(database, _backlog(database, "past", 400), priority=-1000)
    assert api.client.put("/v1/feeds/held/pause", json={"reason": "a test"}).is_success
    assert api.push("One more.", feed="a").status_code == 202
    assert api.push("One more.", feed="past").status_code == 202
    problem(api.push("One more.", feed="held"), 503, "feed_paused")


# --- the door -----------------------------------------------------------------------------------------------------------------


def test_the_door_repeats_a_refusal_without_body_or_database(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 1})
    own = api.client_of(make_key(database, Scope.INGEST, feeds=("small",)))
    assert own.post("/v1/articles", json={"body": "One."}).status_code == 202
    _look_again()
    told = problem(own.post("/v1/articles", json={"body": "Two."}), 429, "feed_queue_full")
    asked: list[str] = []
    api.app.state.context.database.observer = lambda kind, _seconds: asked.append(kind)
    for path, content in (("/v1/articles", b"{no JSON"), ("/v1/articles:batch", b'{"body": "Three."}\n')):
        repeated = own.post(path, content=content)
        assert problem(repeated, 429, "feed_queue_full") == told
        assert int(repeated.headers["Retry-After"]) > 0
        assert repeated.headers["X-Content-Type-Options"] == "nosniff"
    assert asked == []
    assert own.get("/v1/jobs").status_code in {200, 403}, "nothing else is held up"
    found = samples(api)
    assert found["stancewire_articles_refused_total", (("code", "feed_queue_full"),)] == 3
    by_route = (("method", "POST"), ("route", "/v1/articles"), ("status", "429"))
    assert found["stancewire_http_requests_total", by_route] == 2


def test_the_door_opens_when_the_gate_would(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 1})
    own = api.client_of(make_key(database, Scope.INGEST, feeds=("small",)))
    own.post("/v1/articles", json={"body": "One."})
    _look_again()
    problem(own.post("/v1/articles", json={"body": "Two."}), 429, "feed_queue_full")
    with database.read() as connection:
        ids = list(connection.execute(select(jobs.c.id)).scalars())
    _finish(database, ids)
    _look_again()
    assert own.post("/v1/articles", json={"body": "Two."}).status_code == 202
    assert stored(database) == 2


def test_the_door_knows_only_whose_key_has_one_feed(database: Database, serve: Any) -> None:
    api: Api = serve(database, limits={"queued_per_feed": 1})
    api.push("One.", feed="small")
    _look_again()
    problem(api.push("Two.", feed="small"), 429, "feed_queue_full")
    assert api.push("Two.", feed="other").status_code == 202
    assert (
        api.client.post("/v1/articles", content=b"{no JSON", headers={"Content-Type": "application/json"}).status_code
        == 400
    )
    reader = api.client_of(make_key(database, Scope.READ, feeds=("small",)))
    assert reader.post("/v1/articles", json={"body": "Two."}).status_code == 403
    nobody = api.client_of(None)
    assert nobody.post("/v1/articles", json={"body": "Two."}).status_code == 401


def test_what_closes_intake_for_all_is_told_at_the_door(database: Database, serve: Any) -> None:
    api: Api = serve(database)
    assert api.client.put("/v1/pause", json={"reason": "upgrade"}).is_success
    _look_again()
    told = problem(api.push("One."), 503, "intake_paused")
    assert problem(api.client.post("/v1/articles", content=b"{no JSON"), 503, "intake_paused") == told
    assert api.client.delete("/v1/pause").is_success
    _look_again()
    assert api.push("One.").status_code == 202
