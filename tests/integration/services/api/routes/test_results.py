"""Results by job, and the list of results that clients follow."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.contracts import Attribution, Extent, Kind, Result, cursors
from services.database.engine import Database
from services.jobs import leases
from services.results.exports import docbin
from tests.support.api import Api, assert_problem, complete_job, fail_job, lease_job
from tests.support.ledger import result_of


def complete_article(
    api: Api, database: Database, body: str = "The minister said no.", **fields: str
) -> tuple[UUID, UUID]:
    """Push and complete an article; return the IDs of its job and of the article."""
    leased = complete_job(database, api.push_id(body, **fields))
    return leased.job_id, leased.article_id


def test_result_is_returned_as_it_was_stored(api: Api, database: Database) -> None:
    job_id = api.push_id("Der Minister “said” 🙂 no.", title="Ünïcode")
    leased = lease_job(database, job_id)
    attribution = Attribution(
        id="a1", kind=Kind.DIRECT, score=0.5, source=None, cue=None, content=(Extent(start=13, end=19),)
    )
    expected = result_of(leased).model_copy(update={"attributions": (attribution,)})
    leases.complete(database, leased, expected)
    response = api.client.get(f"/v1/jobs/{job_id}/result")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert Result.model_validate_json(response.content) == expected
    assert response.json()["schema"] == "stancewire.result/1"
    text, [part] = response.json()["text"], response.json()["attributions"][0]["content"]
    assert text[part["start"] : part["end"]] == "“said”"
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_result_with_a_cached_etag_is_304(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id, _ = complete_article(sqlite_api, sqlite_database)
    etag = sqlite_api.client.get(f"/v1/jobs/{job_id}/result").headers["ETag"]
    assert etag.startswith('"')
    for cached in (etag, f"W/{etag}", f'"other", {etag}', f'W/"other",W/{etag} , "third"', "*"):
        response = sqlite_api.client.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": cached})
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", etag), cached
    for other in ('"other"', 'W/"other", "third"', "", etag.strip('"') + "x"):
        response = sqlite_api.client.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": other})
        assert (response.status_code, response.headers["ETag"]) == (200, etag), other


def test_results_of_different_texts_have_different_etags(sqlite_api: Api, sqlite_database: Database) -> None:
    jobs = [complete_article(sqlite_api, sqlite_database, body)[0] for body in ("One.", "Two.")]
    assert len({sqlite_api.client.get(f"/v1/jobs/{job_id}/result").headers["ETag"] for job_id in jobs}) == 2


def test_result_of_an_open_job_is_409_with_retry_after(api: Api, database: Database) -> None:
    job_id = api.push_id()
    for state in ("queued", "running"):
        if state == "running":
            lease_job(database, job_id)
        response = api.client.get(f"/v1/jobs/{job_id}/result")
        assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (
            409,
            "not_done",
            "1",
        )
        assert state in response.json()["detail"]


def test_result_of_a_failed_job_is_409_with_the_reason(api: Api, database: Database) -> None:
    job_id = api.push_id()
    fail_job(database, job_id)
    response = api.client.get(f"/v1/jobs/{job_id}/result")
    assert (response.status_code, response.json()["code"]) == (409, "job_failed")
    assert "it is in French (language_unsupported)" in response.json()["detail"]
    assert "Retry-After" not in response.headers


def test_withdrawn_result_is_gone_and_not_listed(api: Api, database: Database) -> None:
    job_id, article_id = complete_article(api, database, "One.")
    other_job, _ = complete_article(api, database, "Two.")
    etag = api.client.get(f"/v1/jobs/{job_id}/result").headers["ETag"]
    assert api.client.post(f"/v1/articles/{article_id}:withdraw").status_code == 204
    assert api.client.post(f"/v1/articles/{article_id}:withdraw").status_code == 204
    response = api.client.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": etag})
    assert (response.status_code, response.json()["code"]) == (410, "withdrawn")
    result, tombstone = api.client.get("/v1/results").json()["items"]
    assert (result["kind"], result["job_id"]) == ("result", str(other_job))
    assert [tombstone[name] for name in ("kind", "job_id", "article_id", "feed", "reason")] == [
        *("withdrawn", str(job_id), str(article_id), "default", "withdrawn on request")
    ]
    job = api.client.get(f"/v1/jobs/{job_id}").json()
    assert (job["done"], job.get("result"), job["error"]["code"]) == (True, None, "withdrawn")
    assert job["metadata"]["state"] == "succeeded"
    assert job["metadata"]["withdrawn_at"]


def test_follower_is_notified_of_each_withdrawal_and_erasure_once(api: Api, database: Database) -> None:
    first, second = (complete_article(api, database, body, guid=body, feed=body.lower()) for body in ("A", "B"))
    after = api.client.get("/v1/results").json()["after"]
    api.client.post(f"/v1/articles/{first[1]}:withdraw")
    api.client.delete(f"/v1/articles/{second[1]}")
    seen = []
    for _ in range(3):
        page = api.client.get("/v1/results", params={"after": after, "limit": 1}).json()
        seen += [(item["kind"], item["article_id"], item["guid"]) for item in page["items"]]
        after = page["after"]
    assert seen == [("withdrawn", str(first[1]), "A"), ("erased", str(second[1]), None)]
    of_feed = api.client.get("/v1/results", params={"feed": "a"}).json()["items"]
    assert [item["kind"] for item in of_feed] == ["withdrawn"]
    api.client.delete(f"/v1/articles/{first[1]}")
    left = api.client.get("/v1/results").json()["items"]
    assert [(item["kind"], item["guid"]) for item in left] == [("erased", None)] * 2


def test_withdrawal_cancels_open_jobs(sqlite_api: Api) -> None:
    pushed = sqlite_api.push().json()
    sqlite_api.client.post(f"/v1/articles/{pushed['metadata']['article_id']}:withdraw")
    job = sqlite_api.client.get(f"/v1/jobs/{pushed['id']}").json()
    assert (job["metadata"]["state"], job["error"]["code"]) == ("canceled", "withdrawn")
    assert sqlite_api.client.get(f"/v1/jobs/{pushed['id']}/result").status_code == 410


def test_results_are_listed_in_the_order_in_which_they_were_stored(api: Api, database: Database) -> None:
    ids = [
        api.push_id(f"Story {number}.", feed="ab"[number % 2], guid=f"g{number}", title=f"T{number}")
        for number in range(5)
    ]
    order = [ids[index] for index in (3, 0, 4, 2, 1)]
    for job_id in order:
        complete_job(database, job_id)
    page = api.client.get("/v1/results").json()
    assert [item["job_id"] for item in page["items"]] == [str(job_id) for job_id in order]
    first = page["items"][0]
    assert [first[name] for name in ("feed", "guid", "title", "revision", "attributions", "stances", "result")] == [
        *("b", "g3", "T3", 1, 0, 0, None)
    ]
    fetched = api.client.get(first["href"])
    assert fetched.headers["ETag"] == f'"{first["etag"]}"'
    of_feed = api.client.get("/v1/results", params={"feed": "a"}).json()
    assert [item["guid"] for item in of_feed["items"]] == ["g0", "g4", "g2"]
    assert api.client.get("/v1/results", params={"feed": "a", "after": of_feed["after"]}).json()["items"] == []
    embedded = api.client.get("/v1/results", params={"embed": "result", "limit": 1}).json()["items"]
    assert [item["result"] for item in embedded] == [fetched.json()]


def test_client_that_follows_the_list_gets_each_result_once(api: Api, database: Database) -> None:
    ids = [api.push_id(f"Story {number}.") for number in range(60)]
    stored = threading.Event()

    def complete_some(part: list[UUID]) -> None:
        for job_id in part:
            complete_job(database, job_id)

    workers = [threading.Thread(target=complete_some, args=(ids[start::3],)) for start in range(3)]

    def complete_all() -> None:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        stored.set()

    supervisor = threading.Thread(target=complete_all)
    supervisor.start()
    job_ids: list[str] = []
    after: dict[str, str] = {}
    pages = 0
    while True:
        all_stored = stored.is_set()
        page = api.client.get("/v1/results", params={"limit": 4, **after}).raise_for_status().json()
        job_ids += [item["job_id"] for item in page["items"]]
        after = {"after": page["after"]}
        pages += 1
        if all_stored and not page["items"]:
            break
    supervisor.join()
    assert len(job_ids) == 60
    assert set(job_ids) == {str(job_id) for job_id in ids}
    assert pages >= 16


def test_invalid_parameter_is_named_in_the_error(sqlite_api: Api) -> None:
    for field, value in (
        ("after", "nonsense"),
        ("after", cursors.encode("-1")),
        ("after", cursors.encode("9" * 21)),  # more than any sequence
        ("limit", "0"),
        ("embed", "everything"),
        ("feed", "A B"),
    ):
        response = sqlite_api.client.get("/v1/results", params={field: value})
        assert (response.status_code, response.json()["code"]) == (422, "invalid"), (field, value)
        assert [error["field"] for error in response.json()["errors"]] == [field]


def test_result_is_returned_in_the_format_that_is_asked_for(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id, _ = complete_article(sqlite_api, sqlite_database, "🙂 Fine.")
    path, etags = f"/v1/jobs/{job_id}/result", set()
    for accept, params, media_type in (
        ("*/*", {}, "application/json"),
        ("*/*", {"offsets": "utf16"}, "application/json"),
        ("application/ld+json", {}, "application/ld+json"),
        ("text/html", {"format": "displacy"}, "application/vnd.displacy+json"),
        ("text/x-conllu-plus", {}, "text/x-conllu-plus"),
        ("*/*", {"format": "docbin"}, "application/vnd.spacy.docbin"),
    ):
        response = sqlite_api.client.get(path, params=params, headers={"Accept": accept})
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"].partition(";")[0] == media_type
        etags.add(response.headers["ETag"])
        cached = sqlite_api.client.get(
            path, params=params, headers={"Accept": accept, "If-None-Match": response.headers["ETag"]}
        )
        assert cached.status_code == 304
    assert len(etags) == 6
    assert_problem(sqlite_api.client.get(path, params={"format": "docbin", "offsets": "utf16"}), 422, "invalid")


def test_docbin_without_spacy_is_refused_with_the_reason(
    sqlite_api: Api, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, _ = complete_article(sqlite_api, sqlite_database)
    monkeypatch.setattr(docbin, "is_available", lambda: False)
    response = sqlite_api.client.get(f"/v1/jobs/{job_id}/result?format=docbin")
    assert "spaCy" in assert_problem(response, 501, "docbin_unavailable")["detail"]


def test_canceled_story_is_withdrawn_and_a_reinstated_one_follows_again(api: Api, database: Database) -> None:
    job_id, article_id = complete_article(api, database, guid="g", feed="wire", version="1")
    kill = api.client.post("/v1/articles", json={"feed": "wire", "guid": "g", "version": "2", "pubstatus": "canceled"})
    assert (kill.status_code, kill.json()["done"], kill.json()["error"]["code"]) == (200, True, "story_canceled")
    assert [warning["code"] for warning in kill.json()["warnings"]] == ["story_canceled"]
    page = api.client.get("/v1/results").json()
    assert [(item["kind"], item["reason"]) for item in page["items"]] == [("withdrawn", "its feed canceled the story")]
    reinstated = api.client.post(f"/v1/articles/{article_id}:reinstate")
    assert (reinstated.status_code, reinstated.json()["id"]) == (200, str(job_id))
    items = api.client.get("/v1/results", params={"after": page["after"]}).json()["items"]
    assert [(item["kind"], item["job_id"]) for item in items] == [("result", str(job_id))]
    assert api.client.post(f"/v1/articles/{article_id}:reinstate").json()["code"] == "article_not_withdrawn"


def test_story_under_embargo_says_so_until_it_is_released(api: Api) -> None:
    soon = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    pushed = api.push(guid="g", embargoed=soon).json()
    assert (pushed["metadata"]["state"], pushed["metadata"]["held_until"]) == ("held", soon)
    assert [warning["code"] for warning in pushed["warnings"]] == ["embargoed"]
    assert api.client.get(f"/v1/jobs/{pushed['id']}").json()["warnings"] == pushed["warnings"]
    refused = api.push(embargoed="2999-01-01T06:00:00Z")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "embargoed")
    api.client.post(f"/v1/articles/{pushed['metadata']['article_id']}:reinstate").raise_for_status()
    assert api.client.get(f"/v1/jobs/{pushed['id']}").json()["metadata"]["state"] == "queued"
