from __future__ import annotations

import json
import shutil
from collections import namedtuple
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from services.caller import local
from services.cli import main
from services.database import migrations, sealing
from services.database.engine import Database
from services.errors import TransientError
from services.feeds import pauses
from services.jobs import hosts, leases
from services.jobs.hosts import HostRole
from services.maintenance.diagnostics import doctor
from services.maintenance.diagnostics.findings import Finding, Level
from services.settings import Database as DatabaseSettings
from services.settings import Settings
from tests.support.api import url_of
from tests.support.ledger import article, claim_all, push
from workers.host.model_check import check_model


def examine(database: Database, redis_url: str, **settings: Any) -> dict[str, Finding]:
    findings = doctor.examine(Settings(database_url=url_of(database), redis_url=redis_url, **settings))
    return {finding.check: finding for finding in findings}


@pytest.fixture(autouse=True)
def without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_ADDED", [])


def test_healthy_system_has_ok_findings(
    database: Database, redis_process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.announce(database, HostRole.WORKER, "node/a", slots=2)
    hosts.announce(database, HostRole.SWEEPER, "node/b")
    if file := database.sqlite_file():
        file.chmod(0o600)
    keys = {"keys": sealing.new_key()}
    findings = examine(database, redis_process.url, limits={"free_disk_ratio": 0.0001}, secrets=keys)
    slow = {name for name, finding in findings.items() if "answers in" in finding.said}
    assert slow == {"database", "redis"}  # how quick they are is the machine's affair
    # The server of the tests flushes nothing to the disk, and the doctor sees it.
    durability = Level.OK if database.dialect == "sqlite" else Level.FAIL
    assert findings["durability"].level is durability
    assert {finding.level for name, finding in findings.items() if name not in slow | {"durability"}} == {Level.OK}
    assert {
        "settings",
        "schema",
        "version",
        "durability",
        "clock",
        "redis version",
        "redis eviction",
    } <= findings.keys()
    assert {"workers", "sweepers", "dead jobs", "backlog"} <= findings.keys()
    assert "2 processes" in findings["workers"].said


@pytest.mark.parametrize(("mode", "level"), [(0o600, Level.OK), (0o640, Level.WARN), (0o644, Level.WARN)])
def test_database_file_that_others_can_read_is_named(sqlite_database: Database, mode: int, level: Level) -> None:
    file = sqlite_database.sqlite_file()
    assert file is not None
    file.chmod(mode)
    finding = examine(sqlite_database, "redis://127.0.0.1:1/0")["permissions"]
    assert (finding.level, f"{file}*" in finding.fix) == (level, level is Level.WARN)


def test_each_problem_is_found_with_its_remedy(database: Database, redis_process: Any) -> None:
    client = redis.Redis.from_url(redis_process.url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.close()
    push(database, article())
    leases.requeue(database, claim_all(database)[0], TransientError("x"), max_attempts=1, delay_s=0)
    pauses.pause(database, "wire", "too loud", local())
    settings = {"retention": {"every_s": 0}, "api": {"host": "0.0.0.0"}, "access": {"required": False}}  # noqa: S104 -- never bound
    configured = Settings(database_url=url_of(database), redis_url=redis_process.url, **settings)  # type: ignore[arg-type]  # groups as mappings
    all_findings = list(doctor.examine(configured))
    problems = {(finding.check, finding.level): finding for finding in all_findings if finding.level is not Level.OK}
    assert all(finding.fix for finding in problems.values())
    assert "noeviction" in problems["redis eviction", Level.FAIL].fix
    assert "stancewire worker" in problems["workers", Level.FAIL].fix
    assert "stancewire sweeper" in problems["sweepers", Level.FAIL].fix
    assert "--state dead" in problems["dead jobs", Level.WARN].fix
    assert problems["pauses", Level.WARN].fix == "`stancewire resume --feed wire`"
    assert {finding.said.split(":")[0] for finding in all_findings if finding.check == "settings"} >= {
        "retention.every_s is 0"
    }
    assert "does not require a key" in problems["settings", Level.FAIL].said


def test_schema_behind_or_ahead_fails(database_url: str, redis_process: Any) -> None:
    database = Database(database_url, DatabaseSettings())
    assert "stancewire migrate" in examine(database, redis_process.url)["schema"].fix
    migrations.upgrade(database, "0001")
    behind = examine(database, redis_process.url)
    assert (behind["schema"].level, "workers" in behind) == (Level.FAIL, False)
    migrations.upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ffff'")
    ahead = examine(database, redis_process.url)["schema"]
    assert (ahead.level, ahead.said) == (Level.FAIL, "the schema ffff is newer than this version")
    database.dispose()


def test_unreachable_stores_fail_without_showing_the_password(sqlite_database: Database) -> None:
    nowhere = Database("postgresql+psycopg://u:secret@127.0.0.1:1/nothing", DatabaseSettings())
    findings = examine(nowhere, "redis://127.0.0.1:1/0")
    assert {name for name, finding in findings.items() if finding.level is Level.FAIL} == {"database", "redis"}
    assert "secret" not in str(findings)


def test_full_disk_fails(sqlite_database: Database, redis_process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 -- the shape that shutil gives
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000, 960, 40))
    disk = examine(sqlite_database, redis_process.url)["disk (database)"]
    assert (disk.level, "4% free" in disk.said, "prune" in disk.fix) == (Level.FAIL, True, True)


def test_model_check_loads_the_model() -> None:
    fine = check_model(Settings(pipeline={"model": "rules"}))
    assert (fine.level, "rules-" in fine.said) == (Level.OK, True)
    broken = check_model(Settings(pipeline={"spacy_package": "no_such_package"}))
    assert (broken.level, "stancewire[worker]" in broken.fix) == (Level.FAIL, True)


def test_command_prints_findings_and_sets_the_exit_code(
    sqlite_database: Database, redis_process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(sqlite_database))
    monkeypatch.setenv("STANCEWIRE_REDIS_URL", redis_process.url)
    monkeypatch.setattr(doctor, "register", lambda _check: None)
    run, app = CliRunner().invoke, main.build()
    failing = run(app, ["doctor"])
    assert failing.exit_code == 1
    assert "fail workers: 0 seen" in failing.stdout
    assert "→ start one: `stancewire worker`" in failing.stdout
    hosts.announce(sqlite_database, HostRole.WORKER, "node/a", slots=2)
    hosts.announce(sqlite_database, HostRole.SWEEPER, "node/b")
    monkeypatch.setenv("STANCEWIRE_LIMITS__FREE_DISK_RATIO", "0.0001")
    output = run(app, ["doctor", "--json"])
    assert (output.exit_code, json.loads(output.stdout)["well"]) == (0, True)
