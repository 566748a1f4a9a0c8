"""The page that erases an article."""

from __future__ import annotations

from uuid import uuid4

import httpx

from services.database.engine import Database
from services.jobs import queries
from tests.support.api import Api, complete_job
from tests.support.console_forms import audit_entries, get_page, post_form


def test_article_is_erased_after_confirmation(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    job_id = sqlite_api.push_id("Private.", title="Oath", feed="wire", guid="g")
    sqlite_api.push_id("Private again.", title="Oath", feed="wire", guid="g", version="2")
    article_id = complete_job(sqlite_database, job_id).article_id
    assert f'href="/jobs/{job_id}/erase"' in get_page(client, f"/jobs/{job_id}")
    confirmation = get_page(client, f"/jobs/{job_id}/erase")
    assert "Oath" in confirmation
    assert str(job_id) in confirmation
    assert "1 other version is kept" in confirmation
    unconfirmed = post_form(client, f"/jobs/{job_id}/erase")
    assert (unconfirmed.status_code, "Tick the box to confirm" in unconfirmed.text) == (422, True)
    assert queries.job(sqlite_database, job_id).id == job_id
    response = post_form(client, f"/jobs/{job_id}/erase", sure="yes")
    notice = httpx.URL(response.headers["location"]).params["notice"]
    assert notice == f"The article {article_id} was erased with 1 job and 1 result."
    assert audit_entries(sqlite_database)[0] == ("article.erase", str(article_id))
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/article", f"/jobs/{job_id}/erase"):
        assert "erased with its article" in get_page(client, path, 410)
    assert get_page(client, f"/jobs/{uuid4()}/erase", 404)
