"""Errors as pages, and problem documents for other clients."""

from __future__ import annotations

from uuid import uuid4

from services.database.engine import Database
from tests.support.api import Api
from tests.support.console_forms import HTML, get_page


def test_browsers_get_error_pages_and_other_clients_problem_documents(sqlite_api: Api) -> None:
    for path in (
        "/nothing",
        f"/jobs/{uuid4()}",
        "/jobs/seventeen",
        f"/jobs/{uuid4()}/article",
        f"/jobs/{uuid4()}/waiting",
    ):
        assert "Not found" in get_page(sqlite_api.client, path, 404)
    assert "Invalid request" in get_page(sqlite_api.client, "/jobs", 422, state="lost")
    assert "Invalid request" in get_page(sqlite_api.client, "/jobs", 422, cursor="nonsense")
    for path, headers in (("/nothing", {}), ("/v1/nothing", HTML)):
        response = sqlite_api.client.get(path, headers=headers)
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_unavailable_database_is_reported_on_a_page(sqlite_api: Api, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
    assert "The database lacks tables or columns" in get_page(sqlite_api.client, "/", 503)


def test_pages_are_not_in_the_openapi_document(sqlite_api: Api) -> None:
    paths = sqlite_api.client.get("/openapi.json").json()["paths"]
    assert "/jobs" not in paths
    assert "/" not in paths
