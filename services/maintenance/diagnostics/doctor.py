"""The checks of `stancewire doctor`: each reports its result and, if there is a problem, the remedy.

Checks that need more than ``services`` may import (the model) are added with :func:`register`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Final

from services.container_limits import read_limits
from services.contracts import JobState
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.feeds.pauses import list_pauses
from services.jobs import backlog
from services.jobs.hosts import HostRole
from services.jobs.snapshot import take_snapshot
from services.maintenance.diagnostics.container import check_container
from services.maintenance.diagnostics.findings import Finding, Level
from services.maintenance.diagnostics.secrets import check_secrets
from services.maintenance.diagnostics.stores import check_database, check_redis
from services.settings import Settings

Check = Callable[[Settings], Finding]
_ADDED: Final[list[Check]] = []
_LATE_S: Final = 600
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def register(check: Check) -> None:
    """Add a check. Adding it a second time has no effect."""
    if check not in _ADDED:
        _ADDED.append(check)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield all findings in order. No check changes anything."""
    yield from _settings(settings)
    database = Database.of(settings, pooled=False)
    database_usable = True
    for finding in check_database(database):
        database_usable &= finding.level is not Level.FAIL or finding.check not in {"database", "schema"}
        yield finding
    yield from _disk(database, settings)
    yield from check_container(settings, read_limits())
    yield from check_redis(settings)
    if database_usable:
        yield check_secrets(database, settings)
        yield from _parts(database)
    for check in _ADDED:
        yield check(settings)


def _settings(settings: Settings) -> Iterator[Finding]:
    """Check settings that do not fit together; each setting was validated when it was loaded."""
    contradictions = list(_contradictions(settings))
    yield from contradictions
    if not contradictions:
        yield Finding("settings", Level.OK, "valid and consistent")


def _contradictions(settings: Settings) -> Iterator[Finding]:
    if settings.api.host not in _LOOPBACK and not settings.access.required:
        summary = f"the API listens on {settings.api.host} and does not require a key"
        yield Finding(
            "settings", Level.FAIL, summary, "set STANCEWIRE_ACCESS__REQUIRED=true, or STANCEWIRE_API__HOST=127.0.0.1"
        )
    if settings.limits.wait_s > settings.retention.bodies_days * 86_400:
        summary = "limits.wait_s is longer than bodies are kept after a job: a late retry does not find the body"
        yield Finding("settings", Level.WARN, summary, "raise STANCEWIRE_RETENTION__BODIES_DAYS")
    if settings.retention.every_s == 0:
        summary = "retention.every_s is 0: there is no automatic pruning"
        yield Finding(
            "settings",
            Level.WARN,
            summary,
            "run `stancewire prune` on a schedule, or set STANCEWIRE_RETENTION__EVERY_S",
        )
    if settings.limits.free_disk_ratio == 0:
        summary = "limits.free_disk_ratio is 0: articles are accepted until the disk is full"
        yield Finding("settings", Level.WARN, summary, "set STANCEWIRE_LIMITS__FREE_DISK_RATIO, 0.05 by default")
    if settings.worker.renew_s * 2 > settings.worker.lease_s:
        summary = "worker.renew_s is over half of worker.lease_s: one late renewal loses the lease"
        yield Finding("settings", Level.WARN, summary, "set STANCEWIRE_WORKER__RENEW_S to a sixth of the lease")
    if settings.broker.overdue_s < settings.broker.sweep_s:
        summary = "broker.overdue_s is shorter than broker.sweep_s: each sweep asks Redis after every message"
        yield Finding("settings", Level.WARN, summary, "set STANCEWIRE_BROKER__OVERDUE_S to a multiple of the sweep")


def _disk(database: Database, settings: Settings) -> Iterator[Finding]:
    file = database.sqlite_file()
    folders = {"database": None if file is None else file.parent, "state": settings.state_dir.resolve()}
    for name, folder in folders.items():
        if folder is None or not folder.is_dir():
            continue
        disk = shutil.disk_usage(folder)
        ratio, floor = disk.free / disk.total, settings.limits.free_disk_ratio
        summary = f"{ratio:.0%} free of {disk.total / 1e9:.1f} GB on the disk of {folder}"
        level = Level.FAIL if ratio < floor else Level.WARN if ratio < 2 * floor else Level.OK
        fix = f"intake stops below {floor:.0%}: make room, or shorten retention and run `stancewire prune`"
        yield Finding(f"disk ({name})", level, summary, "" if level is Level.OK else fix)


def _parts(database: Database) -> Iterator[Finding]:
    """Check the workers, the sweepers, the deliverers, the jobs and the pauses."""
    try:
        snapshot = take_snapshot(database)
        pauses = list_pauses(database)
        oldest = backlog.oldest_queued_s(database)
    except StoreUnavailable as error:
        yield Finding("ledger", Level.FAIL, error.detail, "see the finding on the database")
        return
    needed = [(HostRole.WORKER, "worker"), (HostRole.SWEEPER, "sweeper")]
    if snapshot.deliveries.enabled:
        needed.append((HostRole.DELIVERER, "deliverer"))
    for role, command in needed:
        number = snapshot.hosts[role]
        summary = f"{number} seen in the last half minute" + (
            f", {snapshot.slots} processes" if role is HostRole.WORKER else ""
        )
        level = Level.OK if number else Level.FAIL
        yield Finding(
            f"{command}s", level, summary, "" if number else f"start one: `stancewire {command}`, and read its log"
        )
    dead = snapshot.jobs[JobState.DEAD]
    yield Finding(
        "dead jobs",
        Level.WARN if dead else Level.OK,
        f"{dead} jobs failed in every attempt",
        "`stancewire jobs list --state dead` shows the reasons; then `jobs retry` or `jobs drop`" if dead else "",
    )
    late = oldest > _LATE_S
    yield Finding(
        "backlog",
        Level.WARN if late else Level.OK,
        f"{snapshot.jobs[JobState.QUEUED]} queued, the oldest for {oldest:.0f} s",
        "more workers, or fewer articles: docs/runbook.md" if late else "",
    )
    for pause in pauses:
        name = "all intake" if pause.feed == "*" else f"feed {pause.feed}"
        fix = "stancewire resume" + ("" if pause.feed == "*" else f" --feed {pause.feed}")
        yield Finding(
            "pauses", Level.WARN, f"{name} is paused since {pause.since:%Y-%m-%d %H:%M}: {pause.reason}", f"`{fix}`"
        )
