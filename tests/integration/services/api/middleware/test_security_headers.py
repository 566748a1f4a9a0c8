"""Security headers of every response, and the rate limit of a key."""

from __future__ import annotations

import http.client
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, complete_job, make_key

DEFAULTS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def assert_defaults(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert {name: answer.headers.get(name) for name in DEFAULTS} == DEFAULTS
    assert "strict-transport-security" not in answer.headers


def test_every_response_has_the_security_headers(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, limits={"body_bytes": 10_000})
    client = api.client
    assert_defaults(api.push("One."), 202)
    assert_defaults(api.push("", feed="A B"), 422)
    assert_defaults(client.get("/v1/jobs"), 200)
    assert_defaults(client.get("/v1/nothing"), 404)
    assert_defaults(client.put("/v1/jobs"), 405)
    assert_defaults(client.post("/v1/articles", content=b"x" * 10_001), 413)
    assert_defaults(client.post("/v1/articles", content=b"x", headers={"Content-Encoding": "x"}), 415)
    assert_defaults(api.client_of(None).get("/v1/jobs"), 401)
    assert_defaults(client.get("/metrics"), 200)
    assert_defaults(client.get("/healthz"), 200)
    assert_defaults(client.get("/openapi.json"), 200)


def test_internal_error_has_the_security_headers_and_no_details(
    sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("services.jobs.queries.list_jobs", broken)
    with capture_logs():
        answer = sqlite_api.client.get("/v1/jobs")
    assert_defaults(answer, 500)
    assert "a defect" not in assert_problem(answer, 500, "internal")["detail"]
    assert answer.headers["x-request-id"]


def test_connection_stays_open_behind_an_internal_error(sqlite_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    connection = http.client.HTTPConnection("127.0.0.1", sqlite_api.port, timeout=10)
    connection.connect()
    connection.auto_open = 0  # a closed connection is an error instead of a reason to open another
    statuses = []
    with capture_logs() as lines:
        for is_broken in (True, False):
            with monkeypatch.context() as patch:
                if is_broken:
                    patch.setattr("services.jobs.queries.list_jobs", broken)
                connection.request("GET", "/v1/jobs", headers={"Authorization": f"Bearer {sqlite_api.key}"})
                response = connection.getresponse()
                response.read()
                statuses.append(response.status)
    connection.close()
    assert statuses == [500, 200]
    assert [line["event"] for line in lines] == ["request_failed"]


def test_result_may_be_cached_by_its_client_only(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id("One.")
    complete_job(sqlite_database, job_id)
    answer = sqlite_api.client.get(f"/v1/jobs/{job_id}/result")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_hsts_header_follows_the_setting(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, api={"hsts_s": 31_536_000})
    assert api.client.get("/v1/jobs").headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_key_over_its_rate_is_429_with_retry_after(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, access={"requests_per_s": 1, "burst_s": 4})
    other = api.client_of(make_key(sqlite_database, Scope.READ))
    answers = [api.client.get("/v1/jobs") for _ in range(12)]
    assert [answer.status_code for answer in answers[:4]] == [200] * 4
    assert answers[-1].headers["retry-after"] == "1"
    assert_problem(answers[-1], 429, "rate_limited")
    assert other.get("/v1/jobs").status_code == 200
    assert api.client.get("/healthz").status_code == 200
