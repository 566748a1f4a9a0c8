"""The content of log lines, and what they never contain."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

CANARY = "the minister's secret paragraph"
SETUP = """
import logging, sys, threading, warnings
import structlog
from services import logs
from services.errors import PermanentError, StoreUnavailable
from services.settings import Log
logs.configure(Log(format="{format}", level="DEBUG"), "worker")
log = structlog.get_logger("tests")
canary = sys.argv[1]
"""


def run(script: str, log_format: str = "json") -> tuple[int, str]:
    """Return the exit status and standard error of a script with logging set up."""
    completed = subprocess.run(
        [sys.executable, "-c", SETUP.replace("{format}", log_format) + script, CANARY],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return completed.returncode, completed.stderr


def log_lines(script: str) -> list[dict[str, Any]]:
    _, output = run(script)
    return [json.loads(line) for line in output.splitlines()]


def test_lines_of_libraries_have_the_same_format() -> None:
    lines = log_lines(
        """
with structlog.contextvars.bound_contextvars(job="j1", feed="wire"):
    log.info("ours", code="x")
    logging.getLogger("uvicorn.error").warning("theirs %s", "too")
    warnings.warn("careful")
"""
    )
    assert [line["event"] for line in lines[:2]] == ["ours", "theirs too"]
    assert "careful" in lines[2]["event"]
    for line in lines:
        assert {"level", "timestamp", "logger"} <= set(line)
        assert (line["process"], line["job"], line["feed"]) == ("worker", "j1", "wire")


def test_failing_thread_is_logged_with_its_process() -> None:
    lines = log_lines(
        """
def fail():
    log.info("begun")
    raise KeyError(canary)
thread = threading.Thread(target=fail, name="dispatch")
thread.start()
thread.join()
"""
    )
    assert [(line["event"], line["level"], line["process"]) for line in lines] == [
        ("begun", "info", "worker"),
        ("thread_ends", "critical", "worker"),
    ]
    assert lines[1]["exception"].endswith("KeyError")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_messages_of_foreign_exceptions_and_their_causes_are_left_out(log_format: str) -> None:
    _, output = run(
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
        log_format,
    )
    assert CANARY not in output
    assert output.count("ValueError") == output.count("RuntimeError") == 2
    assert "Task raised" not in output


def test_messages_of_our_errors_and_of_the_system_are_kept() -> None:
    lines = log_lines(
        """
errors = (StoreUnavailable("the database is down"), PermissionError(13, "not yours"), PermanentError("not English"))
for error in errors:
    try:
        raise error
    except Exception:
        log.exception("failed")
"""
    )
    assert [line["exception"].splitlines()[-1] for line in lines] == [
        "StoreUnavailable: the database is down",
        "PermissionError: [Errno 13] not yours",
        "PermanentError: not English",
    ]


def test_uncaught_exception_is_logged_before_the_process_ends() -> None:
    code, output = run("raise LookupError(canary)")
    [line] = [json.loads(line) for line in output.splitlines()]
    assert code == 1
    assert (line["event"], line["level"]) == ("process_ends", "critical")
    assert line["exception"].endswith("LookupError")


def test_parameters_of_a_database_statement_are_left_out() -> None:
    lines = log_lines(
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
    assert "no such table" in lines[0]["exception"]
    assert CANARY not in json.dumps(lines)


def test_repeated_faults_are_one_line_and_the_next_says_how_many_were_left_out() -> None:
    lines = log_lines(
        """
import time
from services import log_repeats
for handler in logging.getLogger().handlers:
    [limit] = handler.filters
    limit._every_s = 0.5
for number in range(100):
    log.warning("store_unavailable", fault="read_only", reason=f"words {number}", request=f"r{number}")
    log.warning("store_unavailable", fault="locked", reason="other words")
    logging.getLogger("celery.worker").error("consumer: cannot connect to %s", number)
    log.warning("close_postponed", fault="read_only", job=f"j{number}")
    log.warning("article_postponed", job=f"j{number}")
    log.info("article_failed")
time.sleep(0.5)
log.warning("store_unavailable", fault="read_only", reason="again")
logging.getLogger("celery.worker").error("consumer: cannot connect to %s", "it")
"""
    )
    kinds = [(line["event"], line.get("fault")) for line in lines]
    assert kinds.count(("store_unavailable", "read_only")) == 2
    assert kinds.count(("store_unavailable", "locked")) == 1
    assert kinds.count(("close_postponed", "read_only")) == 1
    assert kinds.count(("article_postponed", None)) == 100, "lines about one article each"
    assert kinds.count(("article_failed", None)) == 100, "no warning"
    assert lines[-2]["left_out"] == 99
    assert lines[-1]["event"] == "consumer: cannot connect to it (99 lines of this kind were left out)"
