"""The page of an article."""

from __future__ import annotations

from services.database.engine import Database
from tests.support.api import Api, complete_job, fail_job
from tests.support.console_forms import get_page


def test_article_page_waits_for_the_result_and_then_shows_it(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id("The mayor said no.\n\nShe said it twice.", title="No")
    path = f"/jobs/{job_id}/article"
    assert "as soon as it is ready" in get_page(sqlite_api.client, path)
    assert "HX-Redirect" not in sqlite_api.client.get(f"/jobs/{job_id}/waiting").headers
    complete_job(sqlite_database, job_id)
    assert sqlite_api.client.get(f"/jobs/{job_id}/waiting").headers["HX-Redirect"] == path
    assert "She said it twice." in get_page(sqlite_api.client, path)
    assert "No statements were found" in get_page(sqlite_api.client, path)


def test_failed_article_redirects_to_its_job_and_withdrawn_article_is_gone(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    failed = sqlite_api.push_id("Bad.")
    fail_job(sqlite_database, failed)
    assert sqlite_api.client.get(f"/jobs/{failed}/article").headers["location"] == f"/jobs/{failed}"
    withdrawn = sqlite_api.push_id("Gone.")
    lease = complete_job(sqlite_database, withdrawn)
    sqlite_api.client.post(f"/v1/articles/{lease.article_id}:withdraw")
    assert "was withdrawn" in get_page(sqlite_api.client, f"/jobs/{withdrawn}/article", 410)
