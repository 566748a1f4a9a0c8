"""A process of the service with faults that only its inside can have. Production code has no hook for them; they come from here.

    python -m tests.faults.entry api|worker|sweeper

A file in the folder ``$FAULTS_DIR`` arms a fault while it lies there; the words of ``Trigger`` in an article arm one for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
import time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from services.cli import main
from services.dispatch import celery_app as broker_app

FOLDER = Path(os.environ.get("FAULTS_DIR", "/nonexistent"))
_UNIX_EPOCH = 2440587.5  # as a Julian day


class Switch(StrEnum):
    """The files that arm a fault."""

    KILL_AFTER_COMMIT = (
        "kill-after-commit"  # the API dies when an article is in the ledger and its answer is not yet out
    )
    DOUBLE = "double"  # each message is sent twice
    QUOTA = "quota"  # the SQLite file may not grow
    CLOCK = "clock"  # holds by how many milliseconds SQLite's clock is off


class Trigger(StrEnum):
    """Words that make an article a bad one."""

    KILL = "FAULT-KILL"  # its process dies
    SOFT = "FAULT-SOFT"  # runs past the soft limit, in steps
    HARD = "FAULT-HARD"  # hangs in C, where no exception reaches it
    SLOW = "FAULT-SLOW"  # takes a second more
    STEADY = "FAULT-STEADY"  # takes a tenth of a second more


_PAUSES = {Trigger.SLOW: 1.0, Trigger.STEADY: 0.1}


def armed(switch: Switch) -> bool:
    return (FOLDER / switch).exists()


def trip(article: Any, checkpoint: Any) -> None:
    """What a bad article does to its process."""
    if Trigger.KILL in article.body:
        os.kill(os.getpid(), signal.SIGKILL)
    if Trigger.HARD in article.body:
        sum(iter(int, 1))
    while Trigger.SOFT in article.body:
        time.sleep(0.1)
        checkpoint("fault")
    for trigger, seconds in _PAUSES.items():
        if trigger in article.body:
            time.sleep(seconds)


def _tamper_with_worker() -> None:
    import workers.host.celery_worker

    if os.environ.get("FAULTS_NO_ZONE"):
        from spacy.language import Language

        Language.memory_zone = lambda _nlp, mem=None: contextlib.nullcontext(mem)
    from workers.host.message_runner import MessageRunner

    def tampered(database: Any, analyse: Any, *rest: Any) -> MessageRunner:
        def analyse_or_trip(article: Any, checkpoint: Any) -> Any:
            trip(article, checkpoint)
            return analyse(article, checkpoint)

        return MessageRunner(database, analyse_or_trip, *rest)

    workers.host.celery_worker.Batch = tampered


def _tamper_with_api() -> None:
    from services.ingest import submit

    accept = submit.accept

    def accept_and_die(*arguments: Any, **named: Any) -> Any:
        answers = accept(*arguments, **named)
        if armed(Switch.KILL_AFTER_COMMIT):
            (FOLDER / Switch.KILL_AFTER_COMMIT).unlink()  # the next one lives
            os.kill(os.getpid(), signal.SIGKILL)
        return answers

    submit.accept = accept_and_die


def _tamper_with_sending() -> None:
    send = broker_app.Celery.send_task

    def send_twice(*arguments: Any, **named: Any) -> Any:
        if armed(Switch.DOUBLE):
            send(*arguments, **named)
        return send(*arguments, **named)

    broker_app.Celery.send_task = send_twice


def _tamper_with_sqlite() -> None:
    event.listen(Engine, "connect", partial(set_sqlite_clock, FOLDER))

    @event.listens_for(Engine, "begin")
    def set_quota(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            pages = 1 if armed(Switch.QUOTA) else 2**32 - 2  # fewer than there are means: as many as there are
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def set_sqlite_clock(folder: Path, connection: Any, _record: Any) -> None:
    """Put a clock that can be set in front of SQLite's own."""

    def julianday(_now: str) -> float:
        try:
            off = int((folder / Switch.CLOCK).read_text())
        except FileNotFoundError:
            off = 0
        return _UNIX_EPOCH + (time.time() * 1000 + off) / 86_400_000

    if isinstance(connection, sqlite3.Connection):
        connection.create_function("julianday", 1, julianday)


if __name__ == "__main__":
    _tamper_with_sqlite()
    _tamper_with_sending()
    if sys.argv[1] == "api":
        _tamper_with_api()
    if sys.argv[1] == "worker":
        _tamper_with_worker()
    main.main()
