"""The pages of jobs, and their actions."""

from __future__ import annotations

import re

import httpx
import pytest

from services.caller import local
from services.contracts import JobState
from services.database.engine import Database
from services.maintenance import erasure
from tests.support.api import Api, complete_job, fail_job
from tests.support.console_forms import HTML, get_page, post_form
from tests.support.ledger import article, push, set_row, state_of


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
        jobs = get_page(sqlite_api.client, "/jobs", **query)
        assert ("Good <b>" in jobs, "Bad story" in jobs) == expected, query
    assert "No job matches" in get_page(sqlite_api.client, "/jobs", state="dead", feed="wire")
    response = sqlite_api.client.get("/jobs", params={"guid": str(good)}, headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, f"/jobs/{good}")


def test_pages_of_jobs_do_not_overlap(sqlite_api: Api) -> None:
    for number in range(60):
        sqlite_api.push_id(f"Story {number}.", title=f"Story number {number}.")
    first = get_page(sqlite_api.client, "/jobs", feed="default")
    next_link = re.search(r'href="(/jobs\?[^"]*cursor=[^"]*)"', first)
    assert next_link
    assert "feed=default" in next_link.group(1)
    second = get_page(sqlite_api.client, next_link.group(1))
    assert "Story number 59." in first
    assert "Story number 0." in second
    assert set(re.findall(r"Story number \d+\.", first)).isdisjoint(re.findall(r"Story number \d+\.", second))


def test_job_page_shows_reason_advice_and_possible_actions(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    fail_job(sqlite_database, job_id)
    html = get_page(sqlite_api.client, f"/jobs/{job_id}")
    assert "it is in French" in html
    assert "Only English is supported" in html
    assert f'action="/jobs/{job_id}/retry"' in html
    assert f'action="/jobs/{job_id}/drop"' in html
    assert f'action="/jobs/{job_id}/cancel"' not in html


def test_job_state_is_shown_with_label_and_sign(sqlite_api: Api, sqlite_database: Database) -> None:
    for state, badge in ((JobState.QUEUED, "◷</span> Queued"), (JobState.DEAD, "▲</span> Dead")):
        job_id = sqlite_api.push_id(f"{state}.")
        set_row(sqlite_database, job_id, state=state)
        assert badge in get_page(sqlite_api.client, f"/jobs/{job_id}")


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
    assert 'class="notice"' in get_page(sqlite_api.client, response.headers["location"])
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


@pytest.mark.parametrize("action", ["retry", "cancel", "drop"])
def test_erased_job_answers_410_to_actions(sqlite_api: Api, sqlite_database: Database, action: str) -> None:
    [job] = push(sqlite_database, article("Private."))
    erasure.erase(sqlite_database, job.article_id, local())
    response = post_form(sqlite_api.client, f"/jobs/{job.job_id}/{action}")
    assert (
        response.status_code,
        "Permanently removed" in response.text,
        "erased with its article" in response.text,
    ) == (410, True, True)
    bulk_response = post_form(sqlite_api.client, "/jobs", action=action, job=[str(job.job_id)])
    assert "was erased with its article" in httpx.URL(bulk_response.headers["location"]).params["notice"]


def test_article_is_withdrawn_and_reinstated_on_the_page_of_its_job(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id = sqlite_api.push_id()
    complete_job(sqlite_database, job_id)
    post_form(sqlite_api.client, f"/jobs/{job_id}/withdraw")
    html = get_page(sqlite_api.client, f"/jobs/{job_id}")
    assert "withdrawn on request" in html
    assert f'action="/jobs/{job_id}/withdraw"' not in html
    post_form(sqlite_api.client, f"/jobs/{job_id}/reinstate")
    assert "withdrawn on request" not in get_page(sqlite_api.client, f"/jobs/{job_id}")
