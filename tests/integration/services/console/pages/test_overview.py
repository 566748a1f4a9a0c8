"""The overview page."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.database.engine import Database
from tests.support.api import Api, complete_job, fail_job
from tests.support.console_forms import get_page


def test_empty_service_explains_first_steps(sqlite_api: Api) -> None:
    assert "No article has been analysed yet" in get_page(sqlite_api.client, "/")
    assert "No worker is running" in get_page(sqlite_api.client, "/")
    assert "No articles yet" in get_page(sqlite_api.client, "/jobs")


def test_overview_shows_latest_articles_and_failures(api: Api, database: Database) -> None:
    complete_job(database, api.push_id("Done.", title="The good one"))
    fail_job(database, api.push_id("Bad.", title="The bad one"))
    api.push_id("Waits.")
    overview = get_page(api.client, "/")
    assert "The good one" in overview
    assert "The bad one" in overview
    assert "it is in French" in overview
    fragment = get_page(api.client, "/overview/live")
    assert "The good one" in fragment
    assert "<html" not in fragment


def test_overview_reports_full_feed_and_paused_feed(sqlite_database: Database, serve: Callable[..., Api]) -> None:
    api = serve(sqlite_database, limits={"queued_per_feed": 3})
    for number in range(3):
        api.push_id(f"Story {number}.", feed="wire")
    api.push_id("Story.", feed="evening")
    api.await_reassessment()
    overview = get_page(api.client, "/")
    assert "The feed wire is full" in overview
    assert 'href="/jobs?feed=wire&state=queued"' in overview
    assert 'href="/runbook#stancewireintakerefuses"' in overview
    assert 'id="stancewireintakerefuses"' in get_page(api.client, "/runbook")
    api.client.put("/v1/feeds/wire/pause", json={}).raise_for_status()
    time.sleep(1.1)  # the status monitor reads once a second
    api.await_reassessment()
    overview = get_page(api.client, "/")
    assert "Paused: 1 feed" in overview
    assert "is full" not in overview
