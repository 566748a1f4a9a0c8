"""The page that submits a pasted text."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from services.database.engine import Database
from tests.support.api import Api, complete_job
from tests.support.console_forms import get_page, post_form


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
    assert (empty.status_code, "is blank" in empty.text, 'value="Kept"' in empty.text) == (
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
    sample_link = re.search(r'href="(/try\?sample=[^"]+)"', get_page(sqlite_api.client, "/try"))
    assert sample_link
    assert len(get_page(sqlite_api.client, sample_link.group(1))) > len(get_page(sqlite_api.client, "/try")) + 500
    assert get_page(sqlite_api.client, "/try", sample="unknown")
