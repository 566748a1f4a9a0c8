"""Headers that protect, on every answer whatever it comes from; and how often a key may ask."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, finish, make_key, problem

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def check(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "strict-transport-security" not in answer.headers


def test_every_answer_has_them(sqlite_api: Api) -> None:
    client = sqlite_api.client
    check(sqlite_api.push("One."), 202)
    check(sqlite_api.push("", feed="A B"), 422)
    check(client.get("/v1/jobs"), 200)
    check(client.get("/v1/nothing"), 404)
    check(client.put("/v1/jobs"), 405)
    check(client.post("/v1/articles", content=b"x" * 3_000_000), 413)
    check(client.post("/v1/articles", content=b"x", headers={"Content-Encoding": "gzip"}), 415)
    check(sqlite_api.client_of(None).get("/v1/jobs"), 401)
    check(client.get("/metrics"), 200)
    check(client.get("/healthz"), 200)
    check(client.get("/openapi.json"), 200)


def test_a_defect_has_them_too(sqlite_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("services.jobs.queries.list_jobs", broken)
    answer = sqlite_api.client.get("/v1/jobs")
    check(answer, 500)
    assert "a defect" not in problem(answer, 500, "internal")["detail"].replace("a defect of ours", "")


def test_a_result_may_be_kept_by_its_client_alone(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id("One.")
    finish(sqlite_database, job_id)
    answer = sqlite_api.client.get(f"/v1/jobs/{job_id}/result")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_https_is_insisted_on_where_the_setting_says_so(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, api={"hsts_s": 31_536_000})
    assert api.client.get("/v1/jobs").headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_a_key_that_asks_too_often_is_told_when_to_come_back(sqlite_database: Database, serve: Any) -> None:
    api: Api = serve(sqlite_database, access={"requests_per_s": 1, "burst_s": 4})
    other = api.client_of(make_key(sqlite_database, Scope.READ))
    answers = [api.client.get("/v1/jobs") for _ in range(12)]
    assert [answer.status_code for answer in answers[:4]] == [200] * 4
    assert answers[-1].headers["retry-after"] == "1"
    problem(answers[-1], 429, "rate_limited")
    assert other.get("/v1/jobs").status_code == 200
    assert api.client.get("/healthz").status_code == 200
