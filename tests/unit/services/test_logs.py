"""What stands on a log line, and what never does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

CANARY = "the minister's secret paragraph"
START = """
import logging, sys, threading, warnings
import structlog
from services import logs
from services.errors import PermanentError, StoreUnavailable
from services.settings import Log
logs.configure(Log(format="{format}", level="DEBUG"), "worker")
log = structlog.get_logger("tests")
canary = sys.argv[1]
"""


def run(script: str, form: str = "json") -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", START.replace("{format}", form) + script, CANARY],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


def lines(script: str) -> list[dict[str, Any]]:
    _, written = run(script)
    return [json.loads(line) for line in written.splitlines()]


def test_lines_of_ours_and_of_libraries_look_the_same() -> None:
    found = lines(
        """
with structlog.contextvars.bound_contextvars(job="j1", feed="wire"):
    log.info("ours", code="x")
    logging.getLogger("uvicorn.error").warning("theirs %s", "too")
    warnings.warn("careful")
"""
    )
    assert [line["event"] for line in found[:2]] == ["ours", "theirs too"]
    assert "careful" in found[2]["event"]
    for line in found:
        assert {"level", "timestamp", "logger"} <= set(line)
        assert (line["process"], line["job"], line["feed"]) == ("worker", "j1", "wire")


def test_a_thread_names_its_process_and_its_end() -> None:
    found = lines(
        """
def fall():
    log.info("begun")
    raise KeyError(canary)
thread = threading.Thread(target=fall, name="dispatch")
thread.start()
thread.join()
"""
    )
    assert [(line["event"], line["level"], line["process"]) for line in found] == [
        ("begun", "info", "worker"),
        ("thread_ends", "critical", "worker"),
    ]
    assert found[1]["exception"].endswith("KeyError")


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_an_exception_quotes_stays_out_with_its_causes(form: str) -> None:
    _, written = run(
        """
try:
    try:
        int(canary)
    except ValueError as error:
        raise RuntimeError(f"while reading {canary}") from error
except RuntimeError:
    log.exception("article_defect")
    logging.getLogger("celery.worker").exception("theirs")
logging.getLogger("celery.app.trace").error("Task raised: %s", canary)
""",
        form,
    )
    assert CANARY not in written
    assert written.count("ValueError") == written.count("RuntimeError") == 2
    assert "Task raised" not in written


def test_what_errors_of_ours_and_of_the_system_say_is_shown() -> None:
    found = lines(
        """
for error in (StoreUnavailable("the database is away"), PermissionError(13, "not yours"), PermanentError("it is in French")):
    try:
        raise error
    except Exception:
        log.exception("failed")
"""
    )
    assert [line["exception"].splitlines()[-1] for line in found] == [
        "StoreUnavailable: the database is away",
        "PermissionError: [Errno 13] not yours",
        "PermanentError: it is in French",
    ]


def test_what_ends_a_process_is_a_line_too() -> None:
    code, written = run("raise LookupError(canary)")
    [line] = [json.loads(line) for line in written.splitlines()]
    assert code == 1
    assert (line["event"], line["level"]) == ("process_ends", "critical")
    assert line["exception"].endswith("LookupError")


def test_parameters_of_a_statement_stay_out() -> None:
    found = lines(
        """
from sqlalchemy import text
from services.database.engine import Database
from services.settings import Database as DatabaseSettings
try:
    with Database("sqlite://", DatabaseSettings(), pooled=False).engine.begin() as connection:
        connection.execute(text("INSERT INTO articles (body) VALUES (:body)"), {"body": canary})
except Exception:
    log.exception("failed")
"""
    )
    assert "no such table" in found[0]["exception"]
    assert CANARY not in json.dumps(found)
