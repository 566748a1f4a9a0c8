"""Runs a process of the service with injected faults, for which production code has no hook.

    python -m tests.faults.fault_injection api|worker|sweeper|migrate

A file in the folder ``$FAULTS_DIR`` switches a fault on as long as the file exists. A migration kills itself at its
statement number ``$FAULTS_STATEMENTS``. The words of ``Trigger`` in an
article cause a fault while that article is analysed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from services.cli.main import main

FOLDER = Path(os.environ.get("FAULTS_DIR", "/nonexistent"))
_UNIX_EPOCH = 2440587.5  # as a Julian day
_LARGE = 64 << 20  # bytes
_ALL_PAGES = 2**32 - 2  # SQLite's maximum, so no quota


class Switch(StrEnum):
    """Names of the files that switch a fault on."""

    KILL_AFTER_COMMIT = "kill-after-commit"  # the API dies between the commit of an article and its answer
    SEND_TWICE = "send-twice"  # each message is sent twice
    QUOTA = "quota"  # the SQLite file may not grow
    READ_ONLY = "read-only"  # the SQLite file may not be written
    CLOCK = "clock"  # the file contains the offset of SQLite's clock in milliseconds


class Trigger(StrEnum):
    """Words in an article that cause a fault."""

    KILL = "FAULT-KILL"  # kills its process
    SOFT = "FAULT-SOFT"  # runs past the soft limit, with checkpoints
    HARD = "FAULT-HARD"  # hangs in C code, which no exception can interrupt
    MEMORY = "FAULT-MEMORY"  # needs another 64 MB
    SLOW = "FAULT-SLOW"  # takes an additional second
    STEADY = "FAULT-STEADY"  # takes an additional tenth of a second


_DELAYS_S = {Trigger.SLOW: 1.0, Trigger.STEADY: 0.1}


def is_on(switch: Switch) -> bool:
    return (FOLDER / switch).exists()


def trigger_faults(article: Any, checkpoint: Callable[[str], None]) -> None:
    """Cause the faults named in an article."""
    if Trigger.KILL in article.body:
        os.kill(os.getpid(), signal.SIGKILL)
    if Trigger.HARD in article.body:
        sum(iter(int, 1))
    while Trigger.SOFT in article.body:
        time.sleep(0.1)
        checkpoint("fault")
    if Trigger.MEMORY in article.body:
        bytearray(_LARGE)
    for trigger, seconds in _DELAYS_S.items():
        if trigger in article.body:
            time.sleep(seconds)


def _patch_worker() -> None:
    celery_worker: Any = importlib.import_module("workers.host.celery_worker")
    create_runner = celery_worker.MessageRunner
    if os.environ.get("FAULTS_NO_ZONE"):
        language: Any = importlib.import_module("spacy.language")
        language.Language.memory_zone = lambda _nlp, mem=None: contextlib.nullcontext(mem)

    def create_faulty_runner(database: Any, analyse: Any, *arguments: Any) -> Any:
        def analyse_with_faults(article: Any, checkpoint: Any) -> Any:
            trigger_faults(article, checkpoint)
            return analyse(article, checkpoint)

        return create_runner(database, analyse_with_faults, *arguments)

    celery_worker.MessageRunner = create_faulty_runner


def _patch_api() -> None:
    submit: Any = importlib.import_module("services.ingest.submit")
    accept = submit._accept

    def accept_and_die(*arguments: Any, **options: Any) -> Any:
        answers = accept(*arguments, **options)
        if is_on(Switch.KILL_AFTER_COMMIT):
            (FOLDER / Switch.KILL_AFTER_COMMIT).unlink()  # the restarted process survives
            os.kill(os.getpid(), signal.SIGKILL)
        return answers

    submit._accept = accept_and_die


def _patch_sending() -> None:
    celery: Any = importlib.import_module("celery").Celery
    send = celery.send_task

    def send_twice(*arguments: Any, **options: Any) -> Any:
        if is_on(Switch.SEND_TWICE):
            send(*arguments, **options)
        return send(*arguments, **options)

    celery.send_task = send_twice


def _patch_sqlite() -> None:
    event.listen(Engine, "connect", partial(set_sqlite_clock, FOLDER))

    @event.listens_for(Engine, "begin")
    def set_quota(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # SQLite raises a maximum below the current size to the current size.
            pages = 1 if is_on(Switch.QUOTA) else _ALL_PAGES
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            connection.exec_driver_sql(f"PRAGMA query_only={int(is_on(Switch.READ_ONLY))}")


def _patch_migration() -> None:
    left = int(os.environ["FAULTS_STATEMENTS"])

    @event.listens_for(Engine, "before_cursor_execute")
    def kill_at_last(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def set_sqlite_clock(folder: Path, connection: Any, _record: Any) -> None:
    """Replace SQLite's clock by one that is off by the content of the file ``Switch.CLOCK`` in ``folder``."""

    def julianday(_now: str) -> float:
        try:
            offset_ms = int((folder / Switch.CLOCK).read_text())
        except FileNotFoundError:
            offset_ms = 0
        return _UNIX_EPOCH + (time.time() * 1000 + offset_ms) / 86_400_000

    if isinstance(connection, sqlite3.Connection):
        connection.create_function("julianday", 1, julianday)


if __name__ == "__main__":
    _patch_sqlite()
    _patch_sending()
    if sys.argv[1] == "api":
        _patch_api()
    if sys.argv[1] == "migrate":
        _patch_migration()
    if sys.argv[1] == "worker":
        _patch_worker()
    main()
