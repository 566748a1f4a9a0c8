"""HEAD and OPTIONS for every address."""

from __future__ import annotations

from tests.support.api import Api, complete_job, read_metrics


def test_head_has_the_headers_of_get_and_no_body(sqlite_api: Api) -> None:
    job_id = sqlite_api.push_id()
    complete_job(sqlite_api.app.state.services.database, job_id)
    for path in (f"/v1/jobs/{job_id}/result", "/v1/jobs", "/v1/nothing", "/openapi.json", "/static/console.css"):
        got = sqlite_api.client.get(path, headers={"Accept-Encoding": "identity"})
        head = sqlite_api.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("content-length", "content-type", "etag"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
    assert (
        read_metrics(sqlite_api)[
            ("stancewire_http_requests_total", (("method", "HEAD"), ("route", "/v1/jobs"), ("status", "200")))
        ]
        == 1
    )


def test_head_of_a_streamed_answer_ends_behind_its_headers(sqlite_api: Api) -> None:
    head = sqlite_api.client.head("/v1/stances", headers={"Accept": "text/csv"})
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "text/csv; charset=utf-8")
    assert sqlite_api.client.get("/v1/stances").status_code == 200


def test_options_lists_the_methods(sqlite_api: Api) -> None:
    answer = sqlite_api.client.options("/v1/articles")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert sqlite_api.client.options("/v1/nothing").status_code == 404
    assert sqlite_api.client.head("/v1/articles:batch").headers["Allow"] == "OPTIONS, POST"
