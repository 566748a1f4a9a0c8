"""The pages of the console over HTTP, as a browser without scripts sees them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from uuid import UUID, uuid4

import httpx
import pytest

from services.console.rendering import HEADERS
from services.contracts import JobState
from services.database.engine import Database
from tests.support.api import Api, complete_job, fail_job
from tests.support.console_forms import HTML, form_token, post_form
from tests.support.ledger import set_row, state_of


def checked_page(api: Api, path: str, status: int = 200, **query: str) -> str:
    """Return the HTML of a page after checking its security headers, and that nothing is inline."""
    response = api.client.get(path, params=query or None, headers=HTML)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert HEADERS.items() <= {name: response.headers.get(name) for name in HEADERS}.items()
    assert "style=" not in response.text
    assert "<script>" not in response.text
    assert not re.search(r"\son[a-z]+=", response.text)
    return unescape(response.text)


def test_empty_service_explains_first_steps(sqlite_api: Api) -> None:
    assert "No article has been analysed yet" in checked_page(sqlite_api, "/")
    assert "No worker is running" in checked_page(sqlite_api, "/")
    assert "No articles yet" in checked_page(sqlite_api, "/jobs")


def test_overview_shows_latest_articles_and_failures(api: Api, database: Database) -> None:
    complete_job(database, api.push_id("Done.", title="The good one"))
    fail_job(database, api.push_id("Bad.", title="The bad one"))
    api.push_id("Waits.")
    overview = checked_page(api, "/")
    assert "The good one" in overview
    assert "The bad one" in overview
    assert "it is in French" in overview
    fragment = checked_page(api, "/overview/live")
    assert "The good one" in fragment
    assert "<html" not in fragment


def test_overview_reports_full_feed_and_paused_feed(sqlite_database: Database, serve: Callable[..., Api]) -> None:
    api = serve(sqlite_database, limits={"queued_per_feed": 3})
    for number in range(3):
        api.push_id(f"Story {number}.", feed="wire")
    api.push_id("Story.", feed="evening")
    time.sleep(1.1)  # admission control counts once a second
    overview = checked_page(api, "/")
    assert "The feed wire is full" in overview
    assert 'href="/jobs?feed=wire&state=queued"' in overview
    assert 'href="/runbook#stancewireintakerefuses"' in overview
    assert 'id="stancewireintakerefuses"' in checked_page(api, "/runbook")
    api.client.put("/v1/feeds/wire/pause", json={}).raise_for_status()
    time.sleep(1.1)  # admission control and the status monitor read once a second
    overview = checked_page(api, "/")
    assert "Paused: 1 feed" in overview
    assert "is full" not in overview


def test_jobs_are_filtered_by_state_feed_and_guid(sqlite_api: Api, sqlite_database: Database) -> None:
    good = sqlite_api.push_id("Good.", feed="wire", guid="g1", title="Good <b>story</b>")
    fail_job(sqlite_database, sqlite_api.push_id("Bad.", feed="other", title="Bad story"))
    complete_job(sqlite_database, good)
    html = sqlite_api.client.get("/jobs", headers=HTML).text
    assert "Good &lt;b&gt;story&lt;/b&gt;" in html, "titles are escaped"
    for query, expected in (
        ({"state": "succeeded"}, (True, False)),
        ({"state": "failed"}, (False, True)),
        ({"feed": "wire"}, (True, False)),
        ({"feed": " wire "}, (True, False)),
        ({"guid": "g1"}, (True, False)),
        ({"state": "", "feed": "", "guid": ""}, (True, True)),
    ):
        jobs = checked_page(sqlite_api, "/jobs", **query)
        assert ("Good <b>" in jobs, "Bad story" in jobs) == expected, query
    assert "No job matches" in checked_page(sqlite_api, "/jobs", state="dead", feed="wire")
    response = sqlite_api.client.get("/jobs", params={"guid": str(good)}, headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, f"/jobs/{good}")


def test_pages_of_jobs_do_not_overlap(sqlite_api: Api) -> None:
    for number in range(60):
        sqlite_api.push_id(f"Story {number}.", title=f"Story number {number}.")
    first = checked_page(sqlite_api, "/jobs", feed="default")
    next_link = re.search(r'href="(/jobs\?[^"]*cursor=[^"]*)"', first)
    assert next_link
    assert "feed=default" in next_link.group(1)
    second = checked_page(sqlite_api, next_link.group(1))
    assert "Story number 59." in first
    assert "Story number 0." in second
    assert set(re.findall(r"Story number \d+\.", first)).isdisjoint(re.findall(r"Story number \d+\.", second))


def test_job_page_shows_reason_advice_and_possible_actions(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    fail_job(sqlite_database, job_id)
    html = checked_page(sqlite_api, f"/jobs/{job_id}")
    assert "it is in French" in html
    assert "Only English is supported" in html
    assert f'action="/jobs/{job_id}/retry"' in html
    assert f'action="/jobs/{job_id}/drop"' in html
    assert f'action="/jobs/{job_id}/cancel"' not in html


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("retry", JobState.FAILED, JobState.QUEUED),
        ("drop", JobState.FAILED, JobState.CANCELED),
        ("cancel", JobState.QUEUED, JobState.CANCELED),
    ],
)
def test_job_form_changes_state_once(
    sqlite_api: Api, sqlite_database: Database, action: str, before: JobState, after: JobState
) -> None:
    job_id = sqlite_api.push_id()
    if before is JobState.FAILED:
        fail_job(sqlite_database, job_id)
    response = post_form(sqlite_api.client, f"/jobs/{job_id}/{action}")
    assert response.status_code == 303
    assert state_of(sqlite_database, job_id) is after
    assert 'class="notice"' in checked_page(sqlite_api, response.headers["location"])
    repeated = post_form(sqlite_api.client, f"/jobs/{job_id}/{action}")
    assert (repeated.status_code, "Not possible now" in repeated.text) == (409, True)


def test_bulk_action_changes_possible_jobs_and_reports_the_others(sqlite_api: Api, sqlite_database: Database) -> None:
    failed = [sqlite_api.push_id(f"Bad {number}.") for number in range(3)]
    for job_id in failed:
        fail_job(sqlite_database, job_id)
    good = sqlite_api.push_id("Good.")
    complete_job(sqlite_database, good)
    response = post_form(
        sqlite_api.client, "/jobs", action="retry", job=[str(job_id) for job_id in (*failed[:2], good)]
    )
    notice = httpx.URL(response.headers["location"]).params["notice"]
    assert notice.startswith("2 jobs were queued again. 1 job was not changed: the job is succeeded")
    assert [state_of(sqlite_database, job_id) for job_id in failed] == [
        JobState.QUEUED,
        JobState.QUEUED,
        JobState.FAILED,
    ]
    response = post_form(sqlite_api.client, "/jobs", action="drop")
    assert "No job was selected" in httpx.URL(response.headers["location"]).params["notice"]


def test_form_from_another_site_or_session_is_rejected(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    path = f"/jobs/{job_id}/cancel"
    fields = {"csrf": form_token(sqlite_api.client)}
    responses = [
        sqlite_api.client.post(path, headers=HTML),
        sqlite_api.client.post(path, data={"csrf": "x" * 43}, headers=HTML),
        sqlite_api.client.post(path, data=fields, headers=HTML | {"Sec-Fetch-Site": "cross-site"}),
        sqlite_api.client.post(path, data=fields, headers=HTML | {"Sec-Fetch-Site": "same-site"}),
        sqlite_api.client.post(path, data=fields, headers=HTML | {"Origin": "http://evil.example"}),
        httpx.post(f"http://127.0.0.1:{sqlite_api.port}{path}", data=fields, headers=HTML),
    ]
    assert [response.status_code for response in responses] == [403] * len(responses)
    assert all("load the page again" in response.text for response in responses)
    assert state_of(sqlite_database, job_id) is JobState.QUEUED
    assert post_form(sqlite_api.client, path).status_code == 303


def test_session_cookie_is_http_only_same_site_and_secure_behind_https(sqlite_api: Api) -> None:
    def cookie(**headers: str) -> str:
        response = httpx.get(f"http://127.0.0.1:{sqlite_api.port}/", headers=HTML | headers)
        return response.headers["set-cookie"]

    assert "HttpOnly" in cookie()
    assert "SameSite=strict" in cookie()
    assert "Secure" not in cookie()
    assert "Secure" in cookie(**{"X-Forwarded-Proto": "https"}), "a proxy on this machine terminates TLS"
    assert "set-cookie" not in sqlite_api.client.get("/", headers=HTML | {"Cookie": cookie().partition(";")[0]}).headers


def test_article_page_waits_for_the_result_and_then_shows_it(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id("The mayor said no.\n\nShe said it twice.", title="No")
    path = f"/jobs/{job_id}/article"
    assert "as soon as it is ready" in checked_page(sqlite_api, path)
    assert "HX-Redirect" not in sqlite_api.client.get(f"/jobs/{job_id}/waiting").headers
    complete_job(sqlite_database, job_id)
    assert sqlite_api.client.get(f"/jobs/{job_id}/waiting").headers["HX-Redirect"] == path
    assert "She said it twice." in checked_page(sqlite_api, path)
    assert "No statements were found" in checked_page(sqlite_api, path)


def test_failed_article_redirects_to_its_job_and_withdrawn_article_is_gone(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    failed = sqlite_api.push_id("Bad.")
    fail_job(sqlite_database, failed)
    assert sqlite_api.client.get(f"/jobs/{failed}/article").headers["location"] == f"/jobs/{failed}"
    withdrawn = sqlite_api.push_id("Gone.")
    lease = complete_job(sqlite_database, withdrawn)
    sqlite_api.client.post(f"/v1/articles/{lease.article_id}:withdraw")
    assert "was withdrawn" in checked_page(sqlite_api, f"/jobs/{withdrawn}/article", 410)


def test_trial_text_is_queued_once_in_its_own_feed(sqlite_api: Api, sqlite_database: Database) -> None:
    response = post_form(
        sqlite_api.client, "/try", body="The mayor\r\nsaid no.", title=" Trams ", media_type="text/plain"
    )
    assert response.status_code == 303
    job_id = UUID(response.headers["location"].split("/")[2])
    metadata = sqlite_api.client.get(f"/v1/jobs/{job_id}").json()["metadata"]
    assert (metadata["feed"], metadata["title"], metadata["state"]) == ("console", "Trams", "queued")
    assert complete_job(sqlite_database, job_id).article.body == "The mayor\nsaid no."
    repeated = post_form(sqlite_api.client, "/try", body="The mayor\nsaid no.", title="Trams")
    assert repeated.headers["location"] == response.headers["location"]


def test_invalid_trial_text_is_shown_with_its_reason(sqlite_api: Api) -> None:
    empty = post_form(sqlite_api.client, "/try", body="  ", title="Kept")
    assert (empty.status_code, "nothing but white space" in empty.text, 'value="Kept"' in empty.text) == (
        422,
        True,
        True,
    )
    huge = post_form(sqlite_api.client, "/try", body="word " * 300_000)
    assert (huge.status_code, "exceeded maximum size" in huge.text) == (400, True)


def test_trial_text_longer_than_the_limit_is_rejected(sqlite_database: Database, serve: Callable[..., Api]) -> None:
    response = post_form(serve(sqlite_database, limits={"text_chars": 20}).client, "/try", body="word " * 5)
    assert (
        response.status_code,
        "has 25 characters; 20 are allowed" in response.text,
        "word word" in response.text,
    ) == (
        422,
        True,
        True,
    )


def test_sample_fills_the_trial_form(sqlite_api: Api) -> None:
    sample_link = re.search(r'href="(/try\?sample=[^"]+)"', checked_page(sqlite_api, "/try"))
    assert sample_link
    assert len(checked_page(sqlite_api, sample_link.group(1))) > len(checked_page(sqlite_api, "/try")) + 500
    assert checked_page(sqlite_api, "/try", sample="unknown")


def test_browsers_get_error_pages_and_other_clients_problem_documents(sqlite_api: Api) -> None:
    for path in (
        "/nothing",
        f"/jobs/{uuid4()}",
        "/jobs/seventeen",
        f"/jobs/{uuid4()}/article",
        f"/jobs/{uuid4()}/waiting",
    ):
        assert "Not found" in checked_page(sqlite_api, path, 404)
    assert "Invalid request" in checked_page(sqlite_api, "/jobs", 422, state="lost")
    assert "Invalid request" in checked_page(sqlite_api, "/jobs", 422, cursor="nonsense")
    for path, headers in (("/nothing", {}), ("/v1/nothing", HTML)):
        response = sqlite_api.client.get(path, headers=headers)
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_unavailable_database_is_reported_on_a_page(sqlite_api: Api, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
    assert "The database does not answer" in checked_page(sqlite_api, "/", 503)


def test_static_files_with_a_hash_are_cacheable(sqlite_api: Api) -> None:
    paths = re.findall(r'(?:href|src)="(/static/[^"]+)"', checked_page(sqlite_api, "/"))
    assert len(paths) >= 4
    for path in paths:
        response = sqlite_api.client.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    assert sqlite_api.client.get("/static/console.css").headers["cache-control"] == "no-cache"
    assert sqlite_api.client.get("/static/../mount.py").status_code == 404


def test_pages_are_not_in_the_openapi_document(sqlite_api: Api) -> None:
    paths = sqlite_api.client.get("/openapi.json").json()["paths"]
    assert "/jobs" not in paths
    assert "/" not in paths


def test_job_state_is_shown_with_label_and_sign(sqlite_api: Api, sqlite_database: Database) -> None:
    for state, badge in ((JobState.QUEUED, "◷</span> Queued"), (JobState.DEAD, "▲</span> Dead")):
        job_id = sqlite_api.push_id(f"{state}.")
        set_row(sqlite_database, job_id, state=state)
        assert badge in checked_page(sqlite_api, f"/jobs/{job_id}")
