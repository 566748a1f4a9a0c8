from __future__ import annotations

import json
import threading
import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update
from typer.testing import CliRunner

from services.caller import local
from services.cli import main
from services.contracts import JobState
from services.database import tables
from services.database.engine import Database
from services.database.tables import (
    audit_log,
    idempotency_keys,
    jobs,
    results,
    retention_progress,
    tombstones,
)
from services.errors import Conflict, NotFound
from services.jobs import accept, actions, backlog, queries, result_queries
from services.jobs.accept import IdempotencyKey
from services.maintenance.retention import RetentionRunner
from services.use_cases import webhooks as webhook_actions
from services.use_cases.context import UseCaseContext
from tests.support.api import assert_problem, complete_job, fail_job, url_of
from tests.support.ledger import article, listed_results, listed_tombstones, push, set_row
from tests.support.retention import DAY, NEVER, QUICK, add_finished_job, age, has_body
from tests.support.webhooks import add_webhook, webhook_settings


def days_pass(database: Database, days: float) -> None:
    """Move all stored times back by ``days``."""
    shift = int(days * DAY)
    with database.write() as connection:
        connection.execute(update(jobs).values(finished_at=jobs.c.finished_at - shift))
        connection.execute(update(results).values(stored_at=results.c.stored_at - shift))
        of_time = retention_progress.c.name.in_(["bodies", "superseded", "articles"])
        connection.execute(update(retention_progress).where(of_time).values(value=retention_progress.c.value - shift))


def count(database: Database, table: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def add_reanalysis(database: Database, job_id: UUID) -> UUID:
    """A second analysis of the job's article, as a new job."""
    other = UUID(int=job_id.int + 1)
    with database.write() as connection:
        row = dict(connection.execute(select(jobs).where(jobs.c.id == job_id)).one()._mapping)
        now = int(time.time() * 1000)
        connection.execute(
            insert(jobs).values(
                row | {"id": other, "analysis": 2, "state": JobState.QUEUED, "finished_at": None, "queued_at": now}
            )
        )
    return other


def add_deliveries(database: Database, *ages: float) -> None:
    """Deliveries that ended this many days ago, and a pending one."""
    webhook, _ = add_webhook(database, "http://127.0.0.1:9/")
    context = UseCaseContext(database, webhook_settings())
    for days in (*ages, None):
        delivery = webhook_actions.test(context, webhook.id, local())
        if days is not None:
            ended = {"state": "delivered", "finished_at": int((time.time() - days * 86_400) * 1000)}
            with database.write() as connection:
                this = tables.deliveries.c.id == delivery.id
                connection.execute(update(tables.deliveries).where(this).values(ended))


def test_each_kind_is_removed_at_its_age_as_planned(database: Database) -> None:
    ages = (91, 89, 30.1, 29.9, 7.1, 6.9, 0)  # results go in the order in which they were stored
    job_ids = {days: add_finished_job(database, days) for days in ages}
    accept.accept(database, [article("keyed")], IdempotencyKey("wire", "k", "0" * 64))
    with database.write() as connection:
        connection.execute(update(idempotency_keys).values(created_at=idempotency_keys.c.created_at - 8 * DAY))
    add_deliveries(database, 31, 29)
    pruner = RetentionRunner(database, QUICK)
    planned = pruner.plan()
    counts = {"bodies": 5, "superseded": 0, "results": 3, "articles": 1, "keys": 1, "deliveries": 1, "erased": 0}
    assert planned == counts
    assert count(database, results) == 7, "a plan changes nothing"
    assert pruner.run(NEVER) == planned
    assert {days for days in ages if days < 91 and has_body(database, job_ids[days])} == {0, 6.9}
    assert {days for days in ages if days < 91 and result_queries.result(database, job_ids[days])} == {
        0,
        6.9,
        7.1,
        29.9,
    }
    with pytest.raises(NotFound):
        queries.job(database, job_ids[91])
    assert not any(pruner.run(NEVER).values())
    assert not any(pruner.plan().values())


def test_tombstone_is_removed_with_the_results_of_its_time(database: Database) -> None:
    for _ in range(2):
        article_id = queries.job(database, add_finished_job(database, 31)).article_id
        actions.withdraw(database, article_id)
    kept = add_finished_job(database, 0)
    with database.write() as connection:
        connection.execute(update(tombstones).where(tombstones.c.sequence < 4).values(stored_at=0))
    RetentionRunner(database, QUICK).run(NEVER)
    assert [stone.sequence for stone in listed_tombstones(database)] == [4], "the oldest go first, without exception"
    assert [stored.job.id for stored in listed_results(database)] == [kept]


def test_pruning_decreases_no_counter(database: Database) -> None:
    for days in (100, 31, 8):
        add_finished_job(database, days)
    before = backlog.snapshot(database).counters
    RetentionRunner(database, QUICK).run(NEVER)
    after = backlog.snapshot(database).counters
    assert {key: value for key, value in after.items() if key[0] != "pruned"} == before
    assert {key[1]: value for key, value in after.items() if key[0] == "pruned"} == {
        "bodies": 3,
        "results": 2,
        "articles": 1,
    }
    new = add_finished_job(database, 0)
    stored = result_queries.result(database, new)
    assert stored is not None
    assert stored.sequence == 4, "numbers go on"


def test_open_and_recent_jobs_keep_the_body(database: Database) -> None:
    failed, waiting, retried = (push(database, article(name))[0].job_id for name in ("failed", "waiting", "retried"))
    for job_id in (failed, retried):
        fail_job(database, job_id)
        age(database, job_id, 5)
    set_row(database, waiting, created_at=0, queued_at=0)
    reanalysed = add_finished_job(database, 50)
    add_reanalysis(database, reanalysed)
    actions.retry(database, retried)
    RetentionRunner(database, QUICK).run(NEVER)
    assert [has_body(database, kept_id) for kept_id in (failed, waiting, retried, reanalysed)] == [True] * 4
    days_pass(database, 5)
    RetentionRunner(database, QUICK).run(NEVER)
    assert not has_body(database, failed), "in every final state"
    assert has_body(database, retried)
    fail_job(database, retried)
    days_pass(database, 9)
    RetentionRunner(database, QUICK).run(NEVER)
    assert not has_body(database, retried), "a job that finished a second time is visited a second time"


def test_retry_without_a_body_is_refused_with_the_reason(database: Database, serve: Any) -> None:
    api = serve(database)
    job_id = api.push_id("It is in French.")
    fail_job(database, job_id)
    age(database, job_id, 8)
    RetentionRunner(database, QUICK).run(NEVER)
    assert (
        "retention.bodies_days"
        in assert_problem(api.client.post(f"/v1/jobs/{job_id}:retry"), 409, "body_pruned")["detail"]
    )
    with pytest.raises(Conflict):
        actions.retry(database, job_id)
    assert api.client.get(f"/v1/jobs/{job_id}").json()["error"]["code"] == "language_unsupported", (
        "the end stays visible"
    )


def test_pruned_and_withdrawn_results_are_gone_with_different_codes(database: Database, serve: Any) -> None:
    api = serve(database)
    pruned, withdrawn = add_finished_job(database, 31, guid="g"), add_finished_job(database, 32)
    actions.withdraw(database, queries.job(database, withdrawn).article_id)
    RetentionRunner(database, QUICK).run(NEVER)
    assert "results_days" in assert_problem(api.client.get(f"/v1/jobs/{pruned}/result"), 410, "result_pruned")["detail"]
    assert_problem(api.client.get(f"/v1/jobs/{withdrawn}/result"), 410, "withdrawn")
    assert api.client.get(f"/v1/jobs/{pruned}").json()["metadata"]["state"] == "succeeded"
    repeated = api.push("Story of 31 days.", feed="wire", guid="g")
    assert (repeated.status_code, repeated.json()["id"]) == (200, str(pruned)), "known, though its result is gone"


def test_superseded_result_is_removed_earlier(database: Database) -> None:
    first = add_finished_job(database, 20)
    second = add_reanalysis(database, first)
    RetentionRunner(database, QUICK).run(NEVER)
    assert result_queries.result(database, first), "the later analysis has no result yet"
    complete_job(database, second)
    RetentionRunner(database, QUICK).run(NEVER)
    assert result_queries.result(database, first), "replaced a moment ago"
    days_pass(database, 8)
    pruner = RetentionRunner(database, QUICK)
    planned = pruner.plan()
    assert (planned["superseded"], planned["results"]) == (1, 0)
    assert pruner.run(NEVER) == planned
    assert (result_queries.result(database, first), result_queries.result(database, second) is not None) == (None, True)


def test_reader_with_an_old_cursor_is_warned(database: Database, serve: Any) -> None:
    api = serve(database)

    def read(after: str, **parameters: str) -> dict[str, Any]:
        page: dict[str, Any] = api.client.get("/v1/results", params={"after": after, "limit": 2, **parameters}).json()
        return page

    add_finished_job(database, 40, feed="a")
    at_first = api.client.get("/v1/results").json()["after"]
    for number, days in enumerate((39, 38, 37)):
        add_finished_job(database, days, feed="ab"[number % 2])
    assert read(at_first)["warnings"] == []
    RetentionRunner(database, QUICK).run(NEVER)
    answer = read(at_first)
    assert (answer["items"], [warning["code"] for warning in answer["warnings"]]) == ([], ["results_pruned"])
    assert read(answer["after"])["warnings"] == [], "the warning is given once"
    young = add_finished_job(database, 0, feed="b")
    after_all = read(at_first)
    assert [item["job_id"] for item in after_all["items"]] == [str(young)]
    assert len(after_all["warnings"]) == 1
    assert "'b'" in read(at_first, feed="b")["warnings"][0]["detail"]
    assert read(at_first, feed="nobody")["warnings"] == []
    assert api.client.get("/v1/results").json()["warnings"] == [], "a reader without a cursor is not warned"
    assert [item["job_id"] for item in read(answer["after"])["items"]] == [str(young)], "the cursor stays valid"


def test_interrupted_run_is_continued(database: Database) -> None:
    for number in range(10):
        add_finished_job(database, 8 + number / 10)
    stopping = threading.Event()

    def stop_after_some(_: object) -> None:
        stopping.set()

    first = RetentionRunner(database, QUICK).run(stopping, stop_after_some)
    assert sum(first.values()) == first["bodies"] == 3
    assert RetentionRunner(database, QUICK).run(NEVER)["bodies"] == 7


def test_jobs_finished_at_the_same_time_are_not_skipped(database: Database) -> None:
    job_ids = [add_finished_job(database, 0, guid=str(number)) for number in range(8)]
    for job_id in job_ids:
        set_row(database, job_id, finished_at=1_000_000)
    assert RetentionRunner(database, QUICK).run(NEVER)["bodies"] == 8


def test_progress_has_one_mark_per_walk_and_feed(database: Database) -> None:
    for number in range(9):
        add_finished_job(database, 40, feed=f"f{number % 3}")
    RetentionRunner(database, QUICK).run(NEVER)
    assert count(database, retention_progress) == 3 + 2 * 3


def test_command_plans_and_prunes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(database))
    for days in (40, 8, 0):
        add_finished_job(database, days)
    run, app = CliRunner().invoke, main.build()
    planned = json.loads(run(app, ["prune", "--dry-run", "--json"]).stdout)
    assert (planned["bodies"], planned["results"]) == (2, 1)
    assert "2  bodies of articles would be removed" in run(app, ["prune", "--dry-run"]).stdout
    assert json.loads(run(app, ["prune", "--json", "--results-days", "5"]).stdout) == planned | {"results": 2}
    assert "--results-days" in run(app, ["prune", "--results-days", "-1"]).output
    assert isinstance(run(app, ["prune", "--results-days", "99"]).exception, ValueError), (
        "longer than articles are kept"
    )
    with database.read() as connection:
        assert connection.execute(select(audit_log.c.action)).scalars().all() == ["retention.prune"]
