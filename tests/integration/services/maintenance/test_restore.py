"""Refusals of a restore, and the list of results for a client that follows it across one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.caller import local
from services.contracts import cursors
from services.database import migrations
from services.database.engine import Database
from services.database.tables import audit_log
from services.jobs import hosts
from services.jobs.hosts import HostRole
from services.maintenance.backup import BackupError, backup
from services.maintenance.restore import restore
from services.settings import Database as DatabaseSettings
from tests.integration.conftest import Serve
from tests.support.api import Api, complete_job, url_of
from tests.support.ledger import article, push

ROLES = {
    HostRole.API: "1 API process",
    HostRole.WORKER: "1 worker",
    HostRole.SWEEPER: "1 sweeper",
    HostRole.DELIVERER: "1 deliverer",
}


def complete(database: Database, *bodies: str) -> list[str]:
    accepted = push(database, *map(article, bodies))
    return [str(complete_job(database, answer.job_id).job_id) for answer in accepted]


def follow(api: Api, after: str) -> dict[str, Any]:
    page: dict[str, Any] = api.client.get("/v1/results", params={"after": after}).raise_for_status().json()
    return page


def jobs_of(page: dict[str, Any]) -> list[str]:
    return [item["job_id"] for item in page["items"]]


def codes_of(page: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in page["warnings"]]


@pytest.mark.parametrize("role", HostRole)
def test_restore_names_each_part_that_is_alive(database: Database, tmp_path: Path, role: HostRole) -> None:
    backup(database, tmp_path / "b")
    complete(database, "Behind the backup.")
    hosts.announce(database, role, "node/a")
    with pytest.raises(BackupError, match=f"in use by {ROLES[role]}"):
        restore(database, tmp_path / "b", local(), replace=True)
    hosts.leave(database, role, "node/a")
    restore(database, tmp_path / "b", local(), replace=True)


def test_restore_is_refused_while_an_api_runs_and_accepted_articles_stay(
    database: Database, serve: Serve, tmp_path: Path
) -> None:
    backup(database, tmp_path / "b")
    api = serve(database)
    job_id = api.push_id("Accepted behind the backup.")
    with pytest.raises(BackupError, match="in use by 1 API process"):
        restore(database, tmp_path / "b", local(), replace=True)
    assert api.client.get(f"/v1/jobs/{job_id}").status_code == 200


def test_restore_is_refused_while_a_silent_process_is_connected(database: Database, tmp_path: Path) -> None:
    backup(database, tmp_path / "b")
    silent = Database(url_of(database), DatabaseSettings())
    with silent.read() as connection:
        connection.execute(select(audit_log.c.id)).all()
    with pytest.raises(BackupError, match="stop API, workers, sweepers and deliverers first"):
        restore(database, tmp_path / "b", local(), replace=True)
    silent.dispose()
    restore(database, tmp_path / "b", local(), replace=True)


def test_refused_restore_leaves_no_file_behind(sqlite_database: Database, tmp_path: Path) -> None:
    backup(sqlite_database, tmp_path / "b")
    file = sqlite_database.sqlite_file()
    assert file is not None
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("SELECT count(*) FROM articles").fetchone()
        with pytest.raises(BackupError, match="another process has"):
            restore(sqlite_database, tmp_path / "b", local(), replace=True)
    assert not list(file.parent.glob("*.restore*"))


def test_reader_across_a_restore_is_warned_once_and_misses_nothing(
    database: Database, serve: Serve, tmp_path: Path
) -> None:
    kept = complete(database, "One.", "Two.")
    backup(database, tmp_path / "b")
    api = serve(database)
    early = follow(api, "")["after"]
    complete(database, "Three.", "Four.", "Five.")
    late = follow(api, "")
    assert (len(late["items"]), codes_of(late)) == (5, [])
    api.stop()

    restore(database, tmp_path / "b", local(), replace=True)
    again = complete(database, "Six.", "Seven.")
    api = serve(database)
    page = follow(api, late["after"])
    assert (jobs_of(page), codes_of(page)) == (again, ["results_restored"])
    assert follow(api, page["after"]) == {"items": [], "after": page["after"], "warnings": []}
    assert jobs_of(follow(api, early)) == again
    first_page = follow(api, "")
    assert (jobs_of(first_page), codes_of(first_page)) == (kept + again, [])


def test_cursor_of_another_database_starts_again_with_a_warning(
    database: Database, empty_database: Database, serve: Serve
) -> None:
    migrations.upgrade(empty_database)
    complete(empty_database, "Elsewhere.")
    foreign = follow(serve(empty_database), "")["after"]
    ours = complete(database, "Here.", "And here.")
    page = follow(serve(database), foreign)
    assert (jobs_of(page), codes_of(page)) == (ours, ["results_restarted"])


def test_cursor_without_an_epoch_continues_in_the_first(database: Database, serve: Serve) -> None:
    [_, second] = complete(database, "One.", "Two.")
    api = serve(database)
    page = follow(api, cursors.encode("1"))
    assert (jobs_of(page), codes_of(page)) == ([second], [])


def test_restore_is_in_the_audit_log_with_what_it_replaced(database: Database, tmp_path: Path) -> None:
    complete(database, "One.", "Two.")
    backup(database, tmp_path / "monday")
    complete(database, "Three.")
    restore(database, tmp_path / "monday", local(), replace=True)
    with database.read() as connection:
        row = connection.execute(select(audit_log).where(audit_log.c.action == "ledger.restore")).one()
    detail = json.loads(row.detail)
    assert (row.subject, row.actor) == ("monday", local().actor)
    assert (detail["last_result"], detail["replaced_articles"]) == (2, 3)
    assert detail["epoch"]
