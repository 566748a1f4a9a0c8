"""``GET /v1/stories/{id}``: copies, their versions and what became of each."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, fail_job, make_key
from tests.support.copies import keys_of, long_text
from tests.support.speech import Statement, store_result

SWAN = long_text("swan")
SAID = Statement("Ida Berg", "the tram is a mistake", target="Port Union")


def store(database: Database, feed: str, **fields: Any) -> str:
    job = store_result(database, SAID, body=SWAN, feed=feed, keys=keys_of(SWAN), **fields)
    return str(job.job_id)


def test_story_lists_copies_with_versions_and_states(api: Api, database: Database) -> None:
    wire = store(database, "wire", guid="w", version="1", title="Swans", url="https://wire.example/1")
    paper = store(database, "paper", title="Birds", published_at="2024-10-04T12:00:00Z")
    failed = api.push_id("Le ministre.", feed="wire", guid="w", version="2", title="Swans, corrected")
    fail_job(database, failed)
    job = api.client.get(f"/v1/jobs/{wire}").json()
    story_id = job["metadata"]["story_id"]
    assert api.client.get(f"/v1/jobs/{wire}/result").json()["story_id"] == story_id
    assert {item["story_id"] for item in api.client.get("/v1/results").json()["items"]} == {story_id}
    assert [item["story_id"] for item in api.client.get("/v1/stances").json()["items"]] == [story_id]
    assert len(api.client.get("/v1/attributions?copies=all").json()["items"]) == 2

    story = api.client.get(f"/v1/stories/{story_id}").json()
    assert (story["id"], story["next"]) == (story_id, None)
    first, second = story["copies"]
    assert [first[name] for name in ("feed", "guid", "title", "searched", "leads")] == [
        "wire",
        "w",
        "Swans, corrected",
        True,
        True,
    ]
    assert [version["state"] for version in first["versions"]] == ["succeeded", "failed"]
    assert first["versions"][0]["result_href"] == f"/v1/jobs/{wire}/result"
    assert first["versions"][1]["result_href"] is None
    assert first["versions"][1]["error"]["code"]
    assert [second[name] for name in ("feed", "guid", "similarity", "leads")] == ["paper", None, 1.0, False]
    assert second["published_at"] == "2024-10-04T12:00:00Z"
    assert second["versions"][0]["job_id"] == paper


def test_withdrawn_copy_says_so_and_leaves_the_lead(api: Api, database: Database) -> None:
    wire = store(database, "wire")
    store(database, "paper")
    metadata = api.client.get(f"/v1/jobs/{wire}").json()["metadata"]
    api.client.post(f"/v1/articles/{metadata['article_id']}:withdraw").raise_for_status()
    first, second = api.client.get(f"/v1/stories/{metadata['story_id']}").json()["copies"]
    assert (first["versions"][0]["withdrawn"], first["searched"], first["leads"]) == (True, False, False)
    assert first["versions"][0]["result_href"] is None
    assert second["leads"]


def test_key_sees_the_copies_of_its_feeds_only(api: Api, database: Database) -> None:
    wire = store(database, "wire")
    store(database, "paper")
    story_id = api.client.get(f"/v1/jobs/{wire}").json()["metadata"]["story_id"]
    paper = api.client_of(make_key(database, Scope.READ, feeds=("paper",)))
    assert [copy["feed"] for copy in paper.get(f"/v1/stories/{story_id}").json()["copies"]] == ["paper"]
    assert [item["feed"] for item in paper.get("/v1/stances").json()["items"]] == ["paper"]
    nobody = api.client_of(make_key(database, Scope.READ, feeds=("other",)))
    assert_problem(nobody.get(f"/v1/stories/{story_id}"), 404, "not_found")
    assert_problem(api.client.get(f"/v1/stories/{uuid4()}"), 404, "not_found")


def test_copies_are_paged(api: Api, database: Database) -> None:
    jobs = [store(database, feed) for feed in "abc"]
    story_id = api.client.get(f"/v1/jobs/{jobs[0]}").json()["metadata"]["story_id"]
    first = api.client.get(f"/v1/stories/{story_id}?limit=2").json()
    rest = api.client.get(f"/v1/stories/{story_id}", params={"limit": 2, "cursor": first["next"]}).json()
    assert [copy["feed"] for copy in first["copies"] + rest["copies"]] == ["a", "b", "c"]
    assert rest["next"] is None
