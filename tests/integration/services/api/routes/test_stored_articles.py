"""Looking accepted articles up, by ID and by guid."""

from __future__ import annotations

from uuid import uuid4

from services.caller import Scope
from services.database.engine import Database
from tests.support.api import Api, assert_problem, complete_job, make_key

FIELDS = {
    "feed": "wire",
    "guid": "urn:story:7",
    "url": "https://news.example/7",
    "title": "Harbour fees",
    "published_at": "2026-11-23T20:00:00Z",
}


def test_article_has_its_fields_jobs_and_on_request_its_body(api: Api, database: Database) -> None:
    leased = complete_job(database, api.push_id("The mayor said no.", **FIELDS, metadata={"section": "Politics"}))
    article = api.client.get(f"/v1/articles/{leased.article_id}").raise_for_status().json()
    assert {name: article[name] for name in FIELDS} == FIELDS
    assert (article["metadata"], article["revision"], article["body"]) == ({"section": "Politics"}, 1, None)
    [job] = article["jobs"]
    assert (job["id"], job["state"], job["result"]["href"]) == (
        str(leased.job_id),
        "succeeded",
        f"/v1/jobs/{leased.job_id}/result",
    )
    with_body = api.client.get(f"/v1/articles/{leased.article_id}", params={"embed": "body"}).json()
    assert with_body["body"] == "The mayor said no."


def test_jobs_and_results_have_the_address_and_date_of_their_article(api: Api, database: Database) -> None:
    job_id = api.push_id(**FIELDS)
    complete_job(database, job_id)
    job = api.client.get(f"/v1/jobs/{job_id}").json()["metadata"]
    [item] = api.client.get("/v1/results", params={"embed": "result"}).json()["items"]
    for shown in (job, item, item["result"]["article"]):
        assert {name: shown[name] for name in FIELDS} == FIELDS


def test_articles_are_listed_by_guid_newest_first_in_pages(api: Api) -> None:
    for version in ("1", "2", "3"):
        api.push_id(f"Version {version}.", feed="wire", guid="7", version=version)
    api.push_id("Another.", feed="other", guid="7")
    api.push_id("Another.", feed="wire", guid="8")
    params: dict[str, str | int] = {"feed": "wire", "guid": "7", "limit": 2}
    first = api.client.get("/v1/articles", params=params).json()
    assert [item["version"] for item in first["items"]] == ["3", "2"]
    second = api.client.get("/v1/articles", params=params | {"cursor": first["next"]}).json()
    assert ([item["version"] for item in second["items"]], second["next"]) == (["1"], None)
    assert len(api.client.get("/v1/articles", params={"guid": "7"}).json()["items"]) == 4
    problem = assert_problem(api.client.get("/v1/articles"), 422, "invalid")
    assert problem["errors"][0]["field"] == "guid"


def test_article_of_a_feed_that_the_key_does_not_see_is_404_and_an_erased_one_410(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    article_id = sqlite_api.push("Text.", **FIELDS).json()["metadata"]["article_id"]
    narrow = sqlite_api.client_of(make_key(sqlite_database, Scope.READ, feeds=("other",)))
    assert_problem(narrow.get(f"/v1/articles/{article_id}"), 404, "not_found")
    assert narrow.get("/v1/articles", params={"guid": FIELDS["guid"]}).json()["items"] == []
    assert_problem(sqlite_api.client.get(f"/v1/articles/{uuid4()}"), 404, "not_found")
    sqlite_api.client.delete(f"/v1/articles/{article_id}").raise_for_status()
    assert_problem(sqlite_api.client.get(f"/v1/articles/{article_id}"), 410, "erased")
    assert_problem(narrow.get(f"/v1/articles/{article_id}"), 404, "not_found")
