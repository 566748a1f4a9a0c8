from __future__ import annotations

import shutil
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.caller import local
from services.cli import main
from services.database.engine import Database
from services.database.tables import ALL_FEEDS
from services.errors import NotFound
from services.feeds import pauses
from services.jobs import backlog, dispatch_window, queries
from services.jobs.snapshot import take_snapshot
from tests.support.api import assert_problem, count_articles, push_batch, url_of
from tests.support.ledger import article, claim_all, fill, push, set_row

FRESH_S = 1.1  # the admission check caches its state for a second
DAY_MS = 86_400_000


def test_push_to_a_paused_feed_is_refused_and_other_feeds_are_accepted(database: Database, serve: Any) -> None:
    api = serve(database)
    api.push("0", feed="a")
    paused = api.client.put("/v1/feeds/a/pause", json={"reason": "moving house"})
    assert (paused.status_code, [item["feed"] for item in paused.json()["items"]]) == (200, ["a"])
    time.sleep(FRESH_S)
    refused = api.push("1", feed="a")
    assert "moving house" in assert_problem(refused, 503, "feed_paused")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    mixed = push_batch(api, {"body": "1", "feed": "a"}, {"body": "2", "feed": "b"}).json()["items"]
    assert [(item["status"], item.get("problem", {}).get("code")) for item in mixed] == [
        (503, "feed_paused"),
        (202, None),
    ]
    ready = api.client.get("/readyz").json()
    assert (ready["status"], ready["checks"]["intake"]) == ("degraded", "ok, except for 1 feed paused"), (
        "degraded for want of Redis"
    )
    assert api.client.delete("/v1/feeds/a/pause").status_code == 204
    assert_problem(api.client.delete("/v1/feeds/a/pause"), 404, "not_found")
    time.sleep(FRESH_S)
    assert api.push("1", feed="a").status_code == 202
    assert count_articles(database) == 3


def test_jobs_of_a_paused_feed_wait_and_others_are_dispatched(database: Database) -> None:
    [held, other] = push(database, article("1", feed="held"), article("2", feed="other"))
    pauses.pause(database, "held", "for a test", local())
    assert [job_id for message in fill(database) for job_id in message.job_ids] == [other.job_id]
    pauses.resume(database, "held", local())
    assert [job_id for message in fill(database) for job_id in message.job_ids] == [held.job_id]


def test_queued_feeds_leave_out_paused_feeds(database: Database) -> None:
    push(database, article("1", feed="done"))
    claim_all(database)
    push(database, article("2", feed="sent"), article("3", feed="held"))
    fill(database)
    pauses.pause(database, "held", "for a test", local())
    push(database, article("4", feed="waits"), article("5", feed="held"))
    assert dispatch_window.queued_feeds(database) == {"sent", "waits"}


def test_paused_jobs_do_not_count_as_the_oldest_queued(database: Database) -> None:
    [held, other] = push(database, article("1", feed="held"), article("2", feed="other"))
    now = int(time.time() * 1000)
    set_row(database, held.job_id, queued_at=now - 3 * DAY_MS)
    set_row(database, other.job_id, queued_at=now - 60_000)
    assert backlog.oldest_queued_s(database) > 2 * 86_400
    pauses.pause(database, "held", "for a test", local())
    assert 59 < backlog.oldest_queued_s(database) < 120
    assert 59 < backlog.snapshot(database).oldest_queued_s < 120
    pauses.resume(database, "held", local())
    assert 59 < backlog.oldest_queued_s(database) < 120, "it counts as queued when the pause ended"


def test_pause_of_all_intake_refuses_pushes_and_dispatches_jobs(database: Database, serve: Any) -> None:
    api = serve(database)
    waiting = api.push_id("0")
    assert api.client.put("/v1/pause", json={"reason": "upgrade"}).status_code == 200
    time.sleep(FRESH_S)
    for refused in (api.push("1"), push_batch(api, {"body": "1"})):
        assert "upgrade" in assert_problem(refused, 503, "intake_paused")["detail"]
        assert int(refused.headers["Retry-After"]) > 0
    ready = api.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "upgrade" in ready.json()["checks"]["intake"]
    unauthenticated = httpx.get(f"{api.client.base_url}/readyz", trust_env=False)
    assert unauthenticated.json()["checks"]["intake"] == "intake_paused; pushes are refused, results are served"
    assert queries.job(database, waiting).state == "queued"
    with database.write() as connection:  # what the API's own dispatch marked waits for a Redis that is not there
        connection.exec_driver_sql("UPDATE jobs SET message_id = NULL, dispatched_at = NULL")
    assert len(fill(database)) == 1
    assert api.client.delete("/v1/pause").status_code == 204
    time.sleep(FRESH_S)
    assert api.push("1").status_code == 202


def test_second_pause_changes_the_reason_and_keeps_the_time(database: Database) -> None:
    pauses.pause(database, "wire", "too loud", local())
    pauses.pause(database, ALL_FEEDS, "first", local())
    assert take_snapshot(database).paused == [ALL_FEEDS, "wire"]
    pauses.resume(database, "wire", local())
    [before] = pauses.list_pauses(database)
    pauses.pause(database, ALL_FEEDS, "second", local())
    [after] = pauses.list_pauses(database)
    assert (after.reason, after.since) == ("second", before.since)
    with pytest.raises(NotFound, match="'a' is not paused"):
        pauses.resume(database, "a", local())


def test_invalid_pause_is_rejected_with_its_field(sqlite_api: Any) -> None:
    for path, body, field in (
        ("/v1/feeds/A%20B/pause", {}, "feed"),
        ("/v1/pause", {"reason": " "}, "reason"),
        ("/v1/pause", {"reason": "x" * 501}, "reason"),
        ("/v1/pause", {"until": "Monday"}, "until"),
    ):
        refused = assert_problem(sqlite_api.client.put(path, json=body), 422, "invalid")
        assert [error["field"] for error in refused["errors"]] == [field]


def test_commands_pause_and_resume(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(database))
    run = CliRunner().invoke
    app = main.build()
    assert "feed wire: paused since" in run(app, ["pause", "--feed", "wire", "--reason", "too loud"]).stdout
    shown = run(app, ["pause"]).stdout
    assert shown.splitlines()[0].startswith("all intake: paused since")
    assert shown.splitlines()[1].endswith("too loud")
    assert run(app, ["pause", "--show"]).stdout == shown
    assert run(app, ["resume", "--feed", "wire"]).stdout == "feed wire: resumed\n"
    assert run(app, ["resume"]).stdout == "intake: resumed\n"
    assert isinstance(run(app, ["resume"]).exception, NotFound)
    assert run(app, ["pause", "--feed", "A B"]).exit_code == 2


# --- disk ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", ["database", "state"])
def test_intake_stops_below_the_floor_of_free_disk(
    full: str, sqlite_database: Database, serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two disks, one of them at 4.9 % free, then at 5.1 %."""
    state = tmp_path / "state"
    state.mkdir()
    file = sqlite_database.sqlite_file()
    assert file is not None
    folder = {"database": file.parent, "state": state}[full]
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 -- the shape that shutil gives
    free = 49

    def disk_usage(path: Path) -> Any:
        left = free if Path(path) == folder else 500
        return usage(1000, 1000 - left, left)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    api = serve(sqlite_database, state_dir=str(state))
    refused = api.push()
    assert str(folder) in assert_problem(refused, 503, "disk_full")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert "MB left" in api.client.get("/readyz").json()["checks"]["intake"]
    free = 51
    time.sleep(FRESH_S)
    assert api.push().status_code == 202
    assert count_articles(sqlite_database) == 1
