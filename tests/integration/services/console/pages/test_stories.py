"""The page of a story."""

from __future__ import annotations

from uuid import uuid4

from services.database.engine import Database
from services.jobs import actions
from tests.support.api import Api
from tests.support.console_forms import get_page
from tests.support.copies import keys_of, long_text
from tests.support.speech import store_result

SWAN = long_text("swan")


def test_story_page_shows_copies_and_their_fate_and_is_linked_from_job_and_article(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    wire, paper = (
        store_result(sqlite_database, body=SWAN, feed=feed, guid=f"{feed}-1", title=title, keys=keys_of(SWAN))
        for feed, title in (("wire", "Swans"), ("paper", "Birds in town"))
    )
    actions.withdraw(sqlite_database, wire.article_id)
    story_id = sqlite_api.client.get(f"/v1/jobs/{paper.job_id}").json()["metadata"]["story_id"]
    for page in (f"/jobs/{paper.job_id}", f"/jobs/{paper.job_id}/article", f"/jobs/{wire.job_id}"):
        assert f'href="/stories/{story_id}"' in get_page(sqlite_api.client, page)
    html = get_page(sqlite_api.client, f"/stories/{story_id}")
    for expected in (
        "Swans",
        "Birds in town",
        "wire-1",
        "paper-1",
        "withdrawn",
        "counts for the story",
        "not searched",
    ):
        assert expected in html
    assert f"/jobs/{wire.job_id}" in html


def test_unknown_story_is_a_page_that_says_so(sqlite_api: Api) -> None:
    assert "Not found" in get_page(sqlite_api.client, f"/stories/{uuid4()}", 404)
