"""What `stancewire doctor` looks at: each check says what it found and, where that is not well, what to do.

Checks that need more than ``services`` may know (the model) are added by whoever knows it: see :func:`register`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Final

from services.contracts import JobState
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.feeds.pauses import list_pauses
from services.jobs import queries
from services.jobs.hosts import HostRole
from services.jobs.snapshot import take_snapshot
from services.maintenance.diagnostics.findings import Finding, Level
from services.maintenance.diagnostics.stores import check_database, check_redis
from services.settings import Settings

Check = Callable[[Settings], Finding]
_ADDED: Final[list[Check]] = []
_LATE_S: Final = 600
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def register(check: Check) -> None:
    """Add a check, once."""
    if check not in _ADDED:
        _ADDED.append(check)


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, one after the other. None of the checks changes anything."""
    yield from _settings(settings)
    database = Database(settings.resolved_database_url(), settings.database, pooled=False)
    well = True
    for finding in check_database(database):
        well &= finding.level is not Level.FAIL or finding.check not in {"database", "schema"}
        yield finding
    yield from _disk(database, settings)
    yield from check_redis(settings)
    if well:
        yield from _parts(database)
    for check in _ADDED:
        yield check(settings)


def _settings(settings: Settings) -> Iterator[Finding]:
    """Each setting is valid, or we would not be here; what is left is settings that do not go together."""
    odd = list(_contradictions(settings))
    yield from odd
    if not odd:
        yield Finding("settings", Level.OK, "valid, and go together")


def _contradictions(settings: Settings) -> Iterator[Finding]:
    if settings.api.host not in _LOOPBACK and not settings.access.required:
        said = f"the API listens on {settings.api.host} and asks nobody for a key"
        yield Finding(
            "settings", Level.FAIL, said, "set STANCEWIRE_ACCESS__REQUIRED=true, or STANCEWIRE_API__HOST=127.0.0.1"
        )
    if settings.limits.wait_s > settings.retention.bodies_days * 86_400:
        said = "limits.wait_s is longer than bodies are kept after a job: a late retry finds no body"
        yield Finding("settings", Level.WARN, said, "raise STANCEWIRE_RETENTION__BODIES_DAYS")
    if settings.retention.every_s == 0:
        said = "retention.every_s is 0: nothing is pruned by itself"
        yield Finding(
            "settings", Level.WARN, said, "run `stancewire prune` on a schedule, or set STANCEWIRE_RETENTION__EVERY_S"
        )
    if settings.limits.free_disk_ratio == 0:
        said = "limits.free_disk_ratio is 0: articles are taken in until the disk is full"
        yield Finding("settings", Level.WARN, said, "set STANCEWIRE_LIMITS__FREE_DISK_RATIO, 0.05 by default")
    if settings.worker.renew_s * 2 > settings.worker.lease_s:
        said = "worker.renew_s is over half of worker.lease_s: one late renewal loses the lease"
        yield Finding("settings", Level.WARN, said, "set STANCEWIRE_WORKER__RENEW_S to a sixth of the lease")
    if settings.broker.overdue_s < settings.broker.sweep_s:
        said = "broker.overdue_s is shorter than broker.sweep_s: each sweep asks Redis after every message"
        yield Finding("settings", Level.WARN, said, "set STANCEWIRE_BROKER__OVERDUE_S to some times the sweep")


def _disk(database: Database, settings: Settings) -> Iterator[Finding]:
    file = database.sqlite_file()
    folders = {"database": None if file is None else file.parent, "state": settings.state_dir.resolve()}
    for name, folder in folders.items():
        if folder is None or not folder.is_dir():
            continue
        disk = shutil.disk_usage(folder)
        ratio, floor = disk.free / disk.total, settings.limits.free_disk_ratio
        said = f"{ratio:.0%} free of {disk.total / 1e9:.1f} GB where {folder} lies"
        level = Level.FAIL if ratio < floor else Level.WARN if ratio < 2 * floor else Level.OK
        fix = f"intake stops below {floor:.0%}: make room, or shorten retention and run `stancewire prune`"
        yield Finding(f"disk ({name})", level, said, "" if level is Level.OK else fix)


def _parts(database: Database) -> Iterator[Finding]:
    try:
        seen = take_snapshot(database)
        pauses = list_pauses(database)
        oldest = queries.oldest_queued_s(database)
    except StoreUnavailable as error:
        yield Finding("ledger", Level.FAIL, error.detail, "see the finding on the database")
        return
    for role, command in ((HostRole.WORKER, "worker"), (HostRole.SWEEPER, "sweeper")):
        number = seen.hosts[role]
        said = f"{number} seen in the last half minute" + (
            f", {seen.slots} processes" if role is HostRole.WORKER else ""
        )
        level = Level.OK if number else Level.FAIL
        yield Finding(
            f"{command}s", level, said, "" if number else f"start one: `stancewire {command}`, and look into its log"
        )
    dead = seen.jobs[JobState.DEAD]
    yield Finding(
        "dead jobs",
        Level.WARN if dead else Level.OK,
        f"{dead} jobs were tried as often as allowed",
        "`stancewire jobs list --state dead` says why; then `jobs retry` or `jobs drop`" if dead else "",
    )
    late = oldest > _LATE_S
    yield Finding(
        "backlog",
        Level.WARN if late else Level.OK,
        f"{seen.jobs[JobState.QUEUED]} queued, the oldest for {oldest:.0f} s",
        "more workers, or fewer articles: docs/runbook.md" if late else "",
    )
    for pause in pauses:
        name = "all intake" if pause.feed == "*" else f"feed {pause.feed}"
        fix = "stancewire resume" + ("" if pause.feed == "*" else f" --feed {pause.feed}")
        yield Finding(
            "pauses", Level.WARN, f"{name} is paused since {pause.since:%Y-%m-%d %H:%M}: {pause.reason}", f"`{fix}`"
        )
