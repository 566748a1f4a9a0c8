"""The ID of a request on its response and on its log lines."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import structlog

from services.database.engine import Database
from tests.support.api import Api, assert_problem


def test_response_has_a_new_request_id_or_the_valid_one_of_the_client(sqlite_api: Api) -> None:
    first, second = (sqlite_api.client.get("/healthz").headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert len(first) == 32
    kept = sqlite_api.client.get("/v1/jobs", headers={"X-Request-ID": "trace-1.b_2"})
    assert kept.headers["X-Request-ID"] == "trace-1.b_2"


@pytest.mark.parametrize("invalid_id", ["", "two words", "a" * 65, "line\tbreak", "ä"])
def test_invalid_request_id_is_replaced(sqlite_api: Api, invalid_id: str) -> None:
    answer = sqlite_api.client.get("/healthz", headers={b"X-Request-ID": invalid_id.encode()})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_errors_have_the_request_id(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, limits={"body_bytes": 10_000})
    response = api.client.post("/v1/articles", content=b"x" * 10_001, headers={"X-Request-ID": "large"})
    assert_problem(response, 413, "body_too_large")
    assert response.headers["X-Request-ID"] == "large"
    assert api.client.get("/nowhere", headers={"X-Request-ID": "lost"}).headers["X-Request-ID"] == "lost"


def test_log_line_of_a_push_has_request_job_and_feed(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = api.client.post(
            "/v1/articles", json={"body": "Once, said the minister.", "feed": "wire"}, headers={"X-Request-ID": "one"}
        )
        accepted = next(line for line in lines if line["event"] == "article_accepted")
    assert (accepted["request"], accepted["job"], accepted["feed"]) == ("one", answer.json()["id"], "wire")
    assert "minister" not in str(lines)


def test_log_line_of_an_unavailable_store_has_request_and_job(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database)
    job_id = api.push_id()
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        api.client.get(f"/v1/jobs/{job_id}", headers={"X-Request-ID": "two"})
        [warning] = [line for line in lines if line["event"] == "store_unavailable" and line.get("request") == "two"]
    assert (warning["job"], warning["log_level"]) == (str(job_id), logging.getLevelName(logging.WARNING).lower())
