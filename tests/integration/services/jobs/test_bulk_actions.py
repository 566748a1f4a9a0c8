from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from services.caller import local
from services.cli import main
from services.contracts import JobState
from services.database.engine import Database
from services.database.tables import audit_log
from services.jobs import bulk_actions, queries
from services.jobs.bulk_actions import BulkAction, Selection
from tests.support.api import assert_problem, fail_job, url_of
from tests.support.ledger import article, push, state_of


def failed(database: Database, number: int, feed: str, code: str = "no_text") -> list[UUID]:
    pushed = push(database, *[article(f"{feed} {code} {item}.", feed=feed) for item in range(number)])
    for item in pushed:
        fail_job(database, item.job_id, code)
    return [item.job_id for item in pushed]


def acts(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(audit_log.c.action)).scalars())


def test_jobs_are_selected_by_state_feed_and_reason(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_actions, "_PAGE", 2)
    ours, other = failed(database, 5, "wire"), failed(database, 2, "other")
    french = failed(database, 1, "wire", "language_unsupported")
    chosen = Selection(feed="wire", reason="no_text")
    assert bulk_actions.count(database, BulkAction.RETRY, chosen) == 5
    assert bulk_actions.apply(database, BulkAction.RETRY, chosen, local()).changed == 5
    assert {state_of(database, job_id) for job_id in ours} == {JobState.QUEUED}
    assert {state_of(database, job_id) for job_id in other + french} == {JobState.FAILED}
    assert (
        bulk_actions.apply(database, BulkAction.REPRIORITISE, Selection(feed="wire"), local(), priority=7).changed == 5
    )
    assert {queries.job(database, job_id).priority for job_id in ours} == {7}
    some = bulk_actions.apply(database, BulkAction.CANCEL, Selection(state=JobState.QUEUED), local(), limit=3)
    assert (some.changed, some.more) == (3, True)
    assert bulk_actions.apply(database, BulkAction.DROP, Selection(state=JobState.FAILED), local()).changed == 3
    assert acts(database) == {"job.retry": 5, "job.reprioritise": 5, "job.cancel": 3, "job.drop": 3}
    with pytest.raises(ValueError, match="succeeded cannot be acted on so"):
        bulk_actions.count(database, BulkAction.RETRY, Selection(state=JobState.SUCCEEDED))


def test_bulk_action_over_http(database: Database, serve: Any) -> None:
    api = serve(database)
    jobs = failed(database, 3, "wire")

    def post(act: str, **body: object) -> Any:
        return api.client.post(f"/v1/jobs:{act}", json=body)

    assert post("retry", feed="wire", dry_run=True).json() == {"matched": 3, "changed": 0, "refused": {}, "more": False}
    assert {state_of(database, job_id) for job_id in jobs} == {JobState.FAILED}
    assert post("retry", state="failed", limit=2).json() == {"matched": None, "changed": 2, "refused": {}, "more": True}
    assert post("retry", state="failed").json()["changed"] == 1
    assert post("reprioritise", feed="wire", priority=5).json()["changed"] == 3
    moved = api.client.post(f"/v1/jobs/{jobs[0]}:reprioritise", json={"priority": -3})
    assert moved.json()["metadata"]["priority"] == -3
    assert post("cancel", feed="wire").json()["changed"] == 3
    assert_problem(api.client.post(f"/v1/jobs/{jobs[0]}:reprioritise", json={"priority": 1}), 409, "job_not_queued")
    for body, field in (
        ({}, "body"),
        ({"state": "succeeded"}, "state"),
        ({"feed": "A B"}, "feed"),
        ({"feed": "a", "limit": 0}, "limit"),
        ({"feed": "a", "dry_run": 0}, "dry_run"),
    ):
        refused = assert_problem(post("drop", **body), 422, "invalid")
        assert [error["field"] for error in refused["errors"]] == [field], body


def test_bulk_action_commands(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(sqlite_database))
    jobs = failed(sqlite_database, 3, "wire")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main.build(), ["jobs", *arguments])
        return done.exit_code, done.stdout

    assert run("retry", "--feed", "wire", "--dry-run") == (0, "3 jobs would be queued again\n")
    assert run("retry", str(jobs[0]), "--dry-run") == (0, f"{jobs[0]}: failed, would be queued again\n")
    assert run("retry", str(jobs[0])) == (0, f"{jobs[0]}: queued again\n")
    assert run("retry", str(jobs[0]))[0] == 1
    assert run("drop", "--state", "failed", "--reason", "no_text") == (0, "2 jobs dropped\n")
    assert run("reprioritise", str(jobs[0]), "--to", "9") == (0, f"{jobs[0]}: priority 9\n")
    assert run("cancel", "--feed", "wire") == (0, "1 jobs canceled\n")
    assert run("retry")[0] == run("retry", str(jobs[0]), "--feed", "wire")[0] == 2
    assert run("cancel", "--state", "dead")[0] == 2
