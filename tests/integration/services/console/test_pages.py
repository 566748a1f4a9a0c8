"""The console over plain HTTP, as a browser without scripts sees it."""

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
from tests.support.api import Api, finish, spoil
from tests.support.ledger import set_row, state_of

PAGE = {"Accept": "text/html,application/xhtml+xml"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def page(api: Api, path: str, status: int = 200, **query: str) -> str:
    """A page's text; whatever page it is, its headers let nothing in or out."""
    answer = api.client.get(path, params=query or None, headers=PAGE)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
    assert not re.search(r"\son[a-z]+=", answer.text)
    return unescape(answer.text)


def post(api: Api, path: str, **fields: object) -> httpx.Response:
    """Send a form as the page that holds it would."""
    token = TOKEN.search(api.client.get("/try", headers=PAGE).text)
    assert token
    return api.client.post(path, data={"csrf": token.group(1), **fields}, headers=PAGE)


def test_an_empty_service_says_what_to_do_first(sqlite_api: Api) -> None:
    assert "No article was analysed yet" in page(sqlite_api, "/")
    assert "No worker is there" in page(sqlite_api, "/")
    assert "Nothing was pushed yet" in page(sqlite_api, "/jobs")


def test_the_overview_counts_what_happened(api: Api, database: Database) -> None:
    finish(database, api.push_id("Done.", title="The good one"))
    spoil(database, api.push_id("Bad.", title="The bad one"))
    api.push_id("Waits.")
    seen = page(api, "/")
    assert "The good one" in seen
    assert "The bad one" in seen
    assert "it is in French" in seen
    part = page(api, "/overview/live")
    assert "The good one" in part
    assert "<html" not in part


def test_a_feed_that_is_full_is_told_with_what_to_do_and_a_paused_one_as_paused(
    sqlite_database: Database, serve: Callable[..., Api]
) -> None:
    api = serve(sqlite_database, limits={"queued_per_feed": 3})
    for number in range(3):
        api.push_id(f"Story {number}.", feed="wire")
    api.push_id("Story.", feed="evening")
    time.sleep(1.1)  # the gate counts once a second
    seen = page(api, "/")
    assert "The feed wire is full" in seen
    assert 'href="/jobs?feed=wire&state=queued"' in seen
    assert 'href="/runbook#stancewireintakerefuses"' in seen
    assert 'id="stancewireintakerefuses"' in page(api, "/runbook")
    api.client.put("/v1/feeds/wire/pause", json={}).raise_for_status()
    time.sleep(1.1)  # the page and the gate look once a second
    seen = page(api, "/")
    assert "Paused: 1 feed" in seen
    assert "is full" not in seen


def test_jobs_are_found_by_state_feed_and_guid(sqlite_api: Api, sqlite_database: Database) -> None:
    good = sqlite_api.push_id("Good.", feed="wire", guid="g1", title="Good <b>story</b>")
    spoil(sqlite_database, sqlite_api.push_id("Bad.", feed="other", title="Bad story"))
    finish(sqlite_database, good)
    listed = sqlite_api.client.get("/jobs", headers=PAGE).text
    assert "Good &lt;b&gt;story&lt;/b&gt;" in listed, "what a feed sends is text"
    for query, shown in (
        ({"state": "succeeded"}, (True, False)),
        ({"state": "failed"}, (False, True)),
        ({"feed": "wire"}, (True, False)),
        ({"feed": " wire "}, (True, False)),
        ({"guid": "g1"}, (True, False)),
        ({"state": "", "feed": "", "guid": ""}, (True, True)),
    ):
        seen = page(sqlite_api, "/jobs", **query)
        assert ("Good <b>" in seen, "Bad story" in seen) == shown, query
    assert "No job fits" in page(sqlite_api, "/jobs", state="dead", feed="wire")
    led = sqlite_api.client.get("/jobs", params={"guid": str(good)}, headers=PAGE)
    assert (led.status_code, led.headers["location"]) == (303, f"/jobs/{good}")


def test_pages_of_jobs_follow_one_another(sqlite_api: Api) -> None:
    for number in range(60):
        sqlite_api.push_id(f"Story {number}.", title=f"Story number {number}.")
    first = page(sqlite_api, "/jobs", feed="default")
    older = re.search(r'href="(/jobs\?[^"]*cursor=[^"]*)"', first)
    assert older
    assert "feed=default" in older.group(1)
    second = page(sqlite_api, older.group(1))
    assert "Story number 59." in first
    assert "Story number 0." in second
    assert set(re.findall(r"Story number \d+\.", first)).isdisjoint(re.findall(r"Story number \d+\.", second))


def test_a_job_tells_why_it_failed_and_what_can_be_done(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    spoil(sqlite_database, job_id)
    seen = page(sqlite_api, f"/jobs/{job_id}")
    assert "it is in French" in seen
    assert "Only English is read" in seen
    assert f'action="/jobs/{job_id}/retry"' in seen
    assert f'action="/jobs/{job_id}/drop"' in seen
    assert f'action="/jobs/{job_id}/cancel"' not in seen


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("retry", JobState.FAILED, JobState.QUEUED),
        ("drop", JobState.FAILED, JobState.CANCELED),
        ("cancel", JobState.QUEUED, JobState.CANCELED),
    ],
)
def test_a_form_acts_on_its_job(
    sqlite_api: Api, sqlite_database: Database, action: str, before: JobState, after: JobState
) -> None:
    job_id = sqlite_api.push_id()
    if before is JobState.FAILED:
        spoil(sqlite_database, job_id)
    done = post(sqlite_api, f"/jobs/{job_id}/{action}")
    assert done.status_code == 303
    assert state_of(sqlite_database, job_id) is after
    assert 'class="notice"' in page(sqlite_api, done.headers["location"])
    again = post(sqlite_api, f"/jobs/{job_id}/{action}")
    assert (again.status_code, "That is not possible now" in again.text) == (409, True)


def test_many_jobs_at_once_and_what_cannot_be_done_is_said(sqlite_api: Api, sqlite_database: Database) -> None:
    failed = [sqlite_api.push_id(f"Bad {number}.") for number in range(3)]
    for job_id in failed:
        spoil(sqlite_database, job_id)
    good = sqlite_api.push_id("Good.")
    finish(sqlite_database, good)
    done = post(sqlite_api, "/jobs", action="retry", job=[str(one) for one in (*failed[:2], good)])
    notice = httpx.URL(done.headers["location"]).params["notice"]
    assert notice.startswith("2 jobs queued again. 1 job left as they were: the job is succeeded")
    assert [state_of(sqlite_database, one) for one in failed] == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    assert (
        "No job was chosen" in httpx.URL(post(sqlite_api, "/jobs", action="drop").headers["location"]).params["notice"]
    )


def test_a_form_from_elsewhere_changes_nothing(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    path = f"/jobs/{job_id}/cancel"
    token = TOKEN.search(sqlite_api.client.get("/try", headers=PAGE).text)
    assert token
    fields = {"csrf": token.group(1)}
    refused = [
        sqlite_api.client.post(path, headers=PAGE),
        sqlite_api.client.post(path, data={"csrf": "x" * 43}, headers=PAGE),
        sqlite_api.client.post(path, data=fields, headers=PAGE | {"Sec-Fetch-Site": "cross-site"}),
        sqlite_api.client.post(path, data=fields, headers=PAGE | {"Sec-Fetch-Site": "same-site"}),
        sqlite_api.client.post(path, data=fields, headers=PAGE | {"Origin": "http://evil.example"}),
        httpx.post(f"http://127.0.0.1:{sqlite_api.port}{path}", data=fields, headers=PAGE),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert all("load the page again" in answer.text for answer in refused)
    assert state_of(sqlite_database, job_id) is JobState.QUEUED
    assert post(sqlite_api, path).status_code == 303


def test_the_session_cookie_is_out_of_reach(sqlite_api: Api) -> None:
    def cookie(**headers: str) -> str:
        fresh = httpx.get(f"http://127.0.0.1:{sqlite_api.port}/", headers=PAGE | headers)
        return fresh.headers["set-cookie"]

    assert "HttpOnly" in cookie()
    assert "SameSite=strict" in cookie()
    assert "Secure" not in cookie()
    assert "Secure" in cookie(**{"X-Forwarded-Proto": "https"}), "behind a proxy on this machine that speaks https"
    assert "set-cookie" not in sqlite_api.client.get("/", headers=PAGE | {"Cookie": cookie().partition(";")[0]}).headers


def test_an_article_that_is_not_done_waits_and_then_is_there(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id("The mayor said no.\n\nShe said it twice.", title="No")
    path = f"/jobs/{job_id}/article"
    assert "goes on by itself" in page(sqlite_api, path)
    assert "HX-Redirect" not in sqlite_api.client.get(f"/jobs/{job_id}/waiting").headers
    finish(sqlite_database, job_id)
    assert sqlite_api.client.get(f"/jobs/{job_id}/waiting").headers["HX-Redirect"] == path
    assert "She said it twice." in page(sqlite_api, path)
    assert "No statement is attributed" in page(sqlite_api, path)


def test_an_article_that_failed_leads_to_its_job_and_a_withdrawn_one_is_gone(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    failed = sqlite_api.push_id("Bad.")
    spoil(sqlite_database, failed)
    assert sqlite_api.client.get(f"/jobs/{failed}/article").headers["location"] == f"/jobs/{failed}"
    gone = sqlite_api.push_id("Gone.")
    claimed = finish(sqlite_database, gone)
    sqlite_api.client.post(f"/v1/articles/{claimed.article_id}:withdraw")
    assert "was withdrawn" in page(sqlite_api, f"/jobs/{gone}/article", 410)


def test_a_text_that_is_tried_goes_the_way_of_every_article(sqlite_api: Api, sqlite_database: Database) -> None:
    done = post(sqlite_api, "/try", body="The mayor\r\nsaid no.", title=" Trams ", media_type="text/plain")
    assert done.status_code == 303
    job_id = UUID(done.headers["location"].split("/")[2])
    view = sqlite_api.client.get(f"/v1/jobs/{job_id}").json()["metadata"]
    assert (view["feed"], view["title"], view["state"]) == ("console", "Trams", "queued")
    assert finish(sqlite_database, job_id).article.body == "The mayor\nsaid no."
    assert (
        post(sqlite_api, "/try", body="The mayor\nsaid no.", title="Trams").headers["location"]
        == done.headers["location"]
    )


def test_a_text_that_cannot_be_taken_comes_back_with_its_reason(sqlite_api: Api) -> None:
    empty = post(sqlite_api, "/try", body="  ", title="Kept")
    assert (empty.status_code, "nothing but white space" in empty.text, 'value="Kept"' in empty.text) == (
        422,
        True,
        True,
    )
    huge = post(sqlite_api, "/try", body="word " * 300_000)
    assert (huge.status_code, "exceeded maximum size" in huge.text) == (400, True)


def test_a_text_longer_than_the_setting_allows_is_refused(sqlite_database: Database, serve: Callable[..., Api]) -> None:
    long = post(serve(sqlite_database, limits={"text_chars": 20}), "/try", body="word " * 5)
    assert (long.status_code, "has 25 characters; 20 are allowed" in long.text, "word word" in long.text) == (
        422,
        True,
        True,
    )


def test_a_sample_fills_the_form(sqlite_api: Api) -> None:
    offered = re.search(r'href="(/try\?sample=[^"]+)"', page(sqlite_api, "/try"))
    assert offered
    assert len(page(sqlite_api, offered.group(1))) > len(page(sqlite_api, "/try")) + 500
    assert page(sqlite_api, "/try", sample="none of ours")


def test_errors_are_pages_for_people_and_problems_for_programs(sqlite_api: Api) -> None:
    for path in (
        "/nothing",
        f"/jobs/{uuid4()}",
        "/jobs/seventeen",
        f"/jobs/{uuid4()}/article",
        f"/jobs/{uuid4()}/waiting",
    ):
        assert "Nothing here" in page(sqlite_api, path, 404)
    assert "That was not understood" in page(sqlite_api, "/jobs", 422, state="lost")
    assert "That was not understood" in page(sqlite_api, "/jobs", 422, cursor="nonsense")
    for path, headers in (("/nothing", {}), ("/v1/nothing", PAGE)):
        answer = sqlite_api.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_database_that_is_away_is_said_on_a_page(sqlite_api: Api, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
    assert "The database does not answer" in page(sqlite_api, "/", 503)


def test_static_files_are_kept_by_their_hash(sqlite_api: Api) -> None:
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', page(sqlite_api, "/"))
    assert len(linked) >= 4
    for path in linked:
        answer = sqlite_api.client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert sqlite_api.client.get("/static/console.css").headers["cache-control"] == "no-cache"
    assert sqlite_api.client.get("/static/../mount.py").status_code == 404


def test_pages_are_not_in_the_api_description(sqlite_api: Api) -> None:
    paths = sqlite_api.client.get("/openapi.json").json()["paths"]
    assert "/jobs" not in paths
    assert "/" not in paths


def test_the_state_of_a_job_is_told_by_word_and_sign(sqlite_api: Api, sqlite_database: Database) -> None:
    for state, shown in ((JobState.QUEUED, "◷</span> Queued"), (JobState.DEAD, "▲</span> Dead")):
        job_id = sqlite_api.push_id(f"{state}.")
        set_row(sqlite_database, job_id, state=state)
        assert shown in page(sqlite_api, f"/jobs/{job_id}")
