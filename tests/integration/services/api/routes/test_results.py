from __future__ import annotations

import threading
from uuid import UUID

from services.contracts import Attribution, Extent, Kind, Result, cursors
from services.database.engine import Database
from services.jobs import leases
from tests.support.api import Api, finish, spoil, take
from tests.support.ledger import result_of


def done(api: Api, database: Database, body: str = "The minister said no.", **fields: str) -> tuple[UUID, UUID]:
    """A finished job and its article."""
    claimed = finish(database, api.push_id(body, **fields))
    return claimed.job_id, claimed.article_id


def test_a_result_comes_back_by_job_id(api: Api, database: Database) -> None:
    job_id = api.push_id("Der Minister “said” 🙂 no.", title="Ünïcode")
    claimed = take(database, job_id)
    found = Attribution(
        id="a1", kind=Kind.DIRECT, score=0.5, source=None, cue=None, content=(Extent(start=13, end=19),)
    )
    expected = result_of(claimed).model_copy(update={"attributions": (found,)})
    leases.complete(database, claimed, expected)
    answer = api.client.get(f"/v1/jobs/{job_id}/result")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert Result.model_validate_json(answer.content) == expected
    assert answer.json()["schema"] == "stancewire.result/1"
    text, [part] = answer.json()["text"], answer.json()["attributions"][0]["content"]
    assert text[part["start"] : part["end"]] == "“said”"
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_a_result_that_is_known_is_304(sqlite_api: Api, sqlite_database: Database) -> None:
    job_id, _ = done(sqlite_api, sqlite_database)
    etag = sqlite_api.client.get(f"/v1/jobs/{job_id}/result").headers["ETag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', f'W/"other",W/{etag} , "third"', "*"):
        again = sqlite_api.client.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag), known
    for other in ('"other"', 'W/"other", "third"', "", etag.strip('"') + "x"):
        whole = sqlite_api.client.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": other})
        assert (whole.status_code, whole.headers["ETag"]) == (200, etag), other


def test_results_of_different_texts_have_different_etags(sqlite_api: Api, sqlite_database: Database) -> None:
    jobs = [done(sqlite_api, sqlite_database, body)[0] for body in ("One.", "Two.")]
    assert len({sqlite_api.client.get(f"/v1/jobs/{job_id}/result").headers["ETag"] for job_id in jobs}) == 2


def test_a_result_that_is_not_there_yet_is_409_with_the_time_to_ask_again(api: Api, database: Database) -> None:
    job_id = api.push_id()
    for state in ("queued", "running"):
        if state == "running":
            take(database, job_id)
        early = api.client.get(f"/v1/jobs/{job_id}/result")
        assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "not_done", "1")
        assert state in early.json()["detail"]


def test_a_result_that_will_never_be_is_409_with_the_reason(api: Api, database: Database) -> None:
    job_id = api.push_id()
    spoil(database, job_id)
    never = api.client.get(f"/v1/jobs/{job_id}/result")
    assert (never.status_code, never.json()["code"]) == (409, "job_failed")
    assert "it is in French (language_unsupported)" in never.json()["detail"]
    assert "Retry-After" not in never.headers


def test_a_withdrawn_result_is_gone(api: Api, database: Database) -> None:
    job_id, article_id = done(api, database, "One.")
    kept, _ = done(api, database, "Two.")
    etag = api.client.get(f"/v1/jobs/{job_id}/result").headers["ETag"]
    assert api.client.post(f"/v1/articles/{article_id}:withdraw").status_code == 204
    assert api.client.post(f"/v1/articles/{article_id}:withdraw").status_code == 204
    gone = api.client.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": etag})
    assert (gone.status_code, gone.json()["code"]) == (410, "withdrawn")
    assert [item["job_id"] for item in api.client.get("/v1/results").json()["items"]] == [str(kept)]


def test_withdrawal_cancels_what_is_open(sqlite_api: Api) -> None:
    pushed = sqlite_api.push().json()
    sqlite_api.client.post(f"/v1/articles/{pushed['metadata']['article_id']}:withdraw")
    job = sqlite_api.client.get(f"/v1/jobs/{pushed['id']}").json()
    assert (job["metadata"]["state"], job["error"]["code"]) == ("canceled", "withdrawn")
    assert sqlite_api.client.get(f"/v1/jobs/{pushed['id']}/result").status_code == 410


def test_results_are_listed_in_the_order_they_were_stored(api: Api, database: Database) -> None:
    ids = [
        api.push_id(f"Story {number}.", feed="ab"[number % 2], guid=f"g{number}", title=f"T{number}")
        for number in range(5)
    ]
    order = [ids[place] for place in (3, 0, 4, 2, 1)]
    for job_id in order:
        finish(database, job_id)
    page = api.client.get("/v1/results").json()
    assert [item["job_id"] for item in page["items"]] == [str(job_id) for job_id in order]
    first = page["items"][0]
    assert [first[name] for name in ("feed", "guid", "title", "revision", "attributions", "stances", "result")] == [
        *("b", "g3", "T3", 1, 0, 0, None)
    ]
    fetched = api.client.get(first["href"])
    assert fetched.headers["ETag"] == f'"{first["etag"]}"'
    ours = api.client.get("/v1/results", params={"feed": "a"}).json()
    assert [item["guid"] for item in ours["items"]] == ["g0", "g4", "g2"]
    assert api.client.get("/v1/results", params={"feed": "a", "after": ours["after"]}).json()["items"] == []
    whole = api.client.get("/v1/results", params={"embed": "result", "limit": 1}).json()["items"]
    assert [item["result"] for item in whole] == [fetched.json()]


def test_a_follower_misses_none_and_gets_none_twice(api: Api, database: Database) -> None:
    ids = [api.push_id(f"Story {number}.") for number in range(60)]
    stored = threading.Event()

    def work(part: list[UUID]) -> None:
        for job_id in part:
            finish(database, job_id)

    workers = [threading.Thread(target=work, args=(ids[start::3],)) for start in range(3)]

    def work_all() -> None:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        stored.set()

    supervisor = threading.Thread(target=work_all)
    supervisor.start()
    seen: list[str] = []
    after: dict[str, str] = {}
    pages = 0
    while True:
        finished = stored.is_set()
        page = api.client.get("/v1/results", params={"limit": 4, **after}).raise_for_status().json()
        seen += [item["job_id"] for item in page["items"]]
        after = {"after": page["after"]}
        pages += 1
        if finished and not page["items"]:
            break
    supervisor.join()
    assert len(seen) == 60
    assert set(seen) == {str(job_id) for job_id in ids}
    assert pages >= 16


def test_a_bad_parameter_of_the_list_is_named(sqlite_api: Api) -> None:
    for field, value in (
        ("after", "nonsense"),
        ("after", cursors.encode("-1")),
        ("after", cursors.encode("9" * 21)),  # more than any sequence
        ("limit", "0"),
        ("embed", "everything"),
        ("feed", "A B"),
    ):
        refused = sqlite_api.client.get("/v1/results", params={field: value})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), (field, value)
        assert [error["field"] for error in refused.json()["errors"]] == [field]
