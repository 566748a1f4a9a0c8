from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from services.contracts import JobState
from services.results import migrations, queries
from services.results.database import Database
from services.results.tables import articles, jobs
from services.settings import Database as DatabaseSettings
from tests.support.api import Api, api_settings, finish
from tests.support.ledger import set_row
from tests.support.postgres import PostgresServer, find_programs

PROBLEM = "application/problem+json"


def stored(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(articles)).scalar_one()


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM), response.text
    body = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:stancewire:problem:{code}")
    assert body["title"]
    assert body["detail"]
    return body


def raw(api: Api, content: bytes, **headers: str) -> httpx.Response:
    return api.client.post("/v1/articles", content=content, headers={"Content-Type": "application/json"} | headers)


def test_an_article_is_accepted_and_its_job_is_where_location_says(api: Api) -> None:
    pushed = api.push(
        feed="wire",
        guid="a1",
        version="2",
        title="A title",
        byline="By Ana Ruiz",
        language="en-GB",
        url="https://example.org/a1",
        published_at="2026-11-23T20:15:02+01:00",
    )
    assert pushed.status_code == 202
    assert pushed.headers["Retry-After"] == "1"
    job = pushed.json()
    assert pushed.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert (job["schema"], job["done"], job["result"], job["error"], job["warnings"]) == (
        "stancewire.job/1",
        False,
        None,
        None,
        [],
    )
    assert UUID(job["id"]).version == 7
    metadata = job["metadata"]
    assert [metadata[name] for name in ("state", "feed", "guid", "version", "title", "revision", "attempts")] == [
        *("queued", "wire", "a1", "2", "A title", 1, 0)
    ]
    fetched = api.client.get(pushed.headers["Location"])
    assert fetched.status_code == 200
    assert fetched.json() == job


def test_the_same_article_again_is_200_with_the_same_job(api: Api, database: Database) -> None:
    first, again = api.push(guid="a1"), api.push(guid="a1")
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Location"] == first.headers["Location"]
    finish(database, UUID(first.json()["id"]))
    done = api.push(guid="a1")
    assert (done.status_code, done.json()["metadata"]["state"], done.json()["done"]) == (200, "succeeded", True)
    assert done.json()["result"] == {"href": f"/v1/jobs/{first.json()['id']}/result"}
    assert "Retry-After" not in done.headers


def test_the_same_version_with_other_content_is_a_revision_with_a_warning(api: Api) -> None:
    first = api.push("One.", guid="a1", version="7")
    second = api.push("Two.", guid="a1", version="7")
    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]
    assert second.json()["metadata"]["revision"] == 2
    [warning] = second.json()["warnings"]
    assert warning["code"] == "content_changed"
    assert "revision 2" in warning["detail"]


def test_an_idempotency_key_takes_one_body(api: Api, database: Database) -> None:
    key = {"Idempotency-Key": "order-66"}
    body = {"body": "One.", "feed": "wire"}
    first = api.client.post("/v1/articles", json=body, headers=key)
    again = api.client.post("/v1/articles", json=body, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    other = api.client.post("/v1/articles", json=body | {"body": "Two."}, headers=key)
    assert "order-66" in problem(other, 422, "idempotency_key_reused")["detail"]
    assert stored(database) == 1
    elsewhere = api.client.post("/v1/articles", json=body | {"feed": "other"}, headers=key)
    assert elsewhere.status_code == 202, "keys of feeds are apart"


@pytest.mark.parametrize(("key", "status"), [("", 400), ("tab\there", 400), ("k" * 256, 422)])
def test_a_malformed_idempotency_key_is_named(sqlite_api: Api, sqlite_database: Database, key: str, status: int) -> None:
    refused = sqlite_api.client.post("/v1/articles", json={"body": "One."}, headers={"Idempotency-Key": key})
    assert problem(refused, status, "invalid")["errors"][0]["field"] == "Idempotency-Key"
    assert stored(sqlite_database) == 0


# --- Prefer: wait -----------------------------------------------------------------------------------------------------------


def waiting(api: Api, seconds: object, body: str = "The minister said no.") -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = api.client.post("/v1/articles", json={"body": body}, headers={"Prefer": f"respond-async, wait={seconds}"})
    return answer, time.monotonic() - began


def only_job(database: Database) -> UUID:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        found = queries.list_jobs(database, limit=2)
        if found:
            assert len(found) == 1
            return found[0].id
        time.sleep(0.01)
    raise AssertionError("nothing was pushed")


def test_a_job_done_in_time_is_answered_with_200(api: Api, database: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(waiting, api, 10)
        finish(database, only_job(database))
        answer, took = pending.result()
    assert (answer.status_code, answer.json()["metadata"]["state"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert "Retry-After" not in answer.headers
    assert took < 3


def test_a_job_not_done_in_time_is_202_after_that_time(sqlite_api: Api) -> None:
    answer, took = waiting(sqlite_api, 1)
    assert (answer.status_code, answer.json()["done"]) == (202, False)
    assert answer.headers["Retry-After"] == "1"
    assert 1 <= took < 2


def test_nobody_waits_for_longer_than_the_limit(sqlite_database: Database, serve: Any) -> None:
    answer, took = waiting(serve(sqlite_database, api={"wait_limit_s": 0.5}), 600)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0.5")
    assert 0.5 <= took < 1.5


def test_one_waiter_too_many_is_answered_at_once(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, api={"waiters": 1})
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(waiting, api, 3, "First.")
        job_id = only_job(sqlite_database)
        time.sleep(0.2)
        answer, took = waiting(api, 3, "Second.")
        assert (answer.status_code, took < 1) == (202, True)
        assert "Preference-Applied" not in answer.headers, "the wish was not granted"
        finish(sqlite_database, job_id)
        assert pending.result()[0].status_code == 200


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=soon", "wait=-5", "wait=0", "await=5", "return=minimal", ",;=,"])
def test_a_wish_that_is_none_is_ignored(sqlite_api: Api, prefer: str) -> None:
    began = time.monotonic()
    answer = sqlite_api.client.post("/v1/articles", json={"body": "One."}, headers={"Prefer": prefer})
    assert (answer.status_code, time.monotonic() - began < 1) == (202, True)
    assert "Preference-Applied" not in answer.headers


# --- every error names the field and the reason -----------------------------------------------------------------------------

GOOD: dict[str, Any] = {"body": "The minister said no."}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"body": 5}, "body", "string"),
    ({"body": None}, "body", "string"),
    ({"body": " \n\t"}, "body", "white space"),
    ({"body": "one\x00two"}, "body", "NUL character at offset 3"),
    ({"title": "a\x00"}, "title", "NUL"),
    ({"title": "t" * 501}, "title", "500"),
    ({"guid": ""}, "guid", "at least 1"),
    ({"guid": "g" * 501}, "guid", "500"),
    ({"guid": ["x"]}, "guid", "string"),
    ({"version": 3}, "version", "string"),
    ({"language": "english, mostly"}, "language", "pattern"),
    ({"published_at": "2026-11-23T20:15:02"}, "published_at", "timezone"),
    ({"published_at": "yesterday"}, "published_at", "datetime"),
    ({"published_at": "0001-01-01T00:00:00+14:00"}, "published_at", "UTC"),
    ({"published_at": "9999-12-31T23:59:59-12:00"}, "published_at", "UTC"),
    ({"feed": "No Capitals"}, "feed", "pattern"),
    ({"feed": ""}, "feed", "pattern"),
    ({"feed": "f" * 64}, "feed", "pattern"),
    ({"feed": "wire\n"}, "feed", "pattern"),
    ({"url": "ftp://example.org"}, "url", "pattern"),
    ({"url": "https://example.org/" + "x" * 2000}, "url", "2000"),
    ({"media_type": "application/pdf"}, "media_type", "text/html"),
    ({"schema": "stancewire.article/9"}, "schema", "stancewire.article/1"),
    ({"tittle": "misspelt"}, "tittle", "not permitted"),
]


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Database]]:
    """One API for the many requests that must change nothing."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'ledger.db'}", DatabaseSettings())
    migrations.upgrade(database)
    small = {"body_bytes": 100_000, "text_chars": 2_000, "batch_bytes": 200_000, "batch_lines": 20}
    api = Api(api_settings(database, limits=small))
    api.start()
    yield api, database
    number = stored(database)
    api.stop()
    database.dispose()
    assert number == 0, "what is refused is not stored"


@pytest.mark.parametrize(("wrong", "field", "reason"), WRONG, ids=[f"{field}-{reason}" for _, field, reason in WRONG])
def test_an_article_that_is_none_is_refused_by_field(
    shared_api: tuple[Api, Database], wrong: dict[str, Any], field: str, reason: str
) -> None:
    api, _ = shared_api
    body = problem(api.client.post("/v1/articles", json=GOOD | wrong), 422, "invalid")
    [error] = body["errors"]
    assert error["field"] == field
    assert reason in error["reason"]
    assert body["detail"].startswith(f"{field}: ")


def test_several_wrong_fields_are_all_named(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    body = problem(api.client.post("/v1/articles", json={"feed": "A B", "language": "?", "guid": 1}), 422, "invalid")
    assert {error["field"] for error in body["errors"]} == {"feed", "language", "guid", "body"}
    assert body["detail"].endswith("(and 3 more)")


@pytest.mark.parametrize("content", [b'{"body": "half \\ud83d pair"}', b'{"body": "fine", "\\ud83d": 1}'])
def test_half_of_a_surrogate_pair_is_refused(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    [error] = problem(raw(api, content), 422, "invalid")["errors"]
    assert error["field"]


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"body": "x"', b'{"body": "\xff"}', b'{"body": ' + b"9" * 5000 + b"}", b"{'body': 1}"],
    ids=["open", "unclosed", "no UTF-8", "endless number", "Python"],
)
def test_what_is_no_json_is_400(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    assert raw(api, content).status_code == 400
    assert raw(api, content).headers["content-type"] == PROBLEM


@pytest.mark.parametrize("content", [b"[]", b'"a string"', b"null", b"7", b""])
def test_json_that_is_no_object_is_422(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    assert problem(raw(api, content), 422, "invalid")["errors"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_another_content_type_is_415(shared_api: tuple[Api, Database], media_type: str) -> None:
    api, _ = shared_api
    answer = raw(api, b'{"body": "One."}', **{"Content-Type": media_type})
    assert "application/json" in problem(answer, 415, "media_type")["detail"]


@pytest.mark.parametrize("path", ["/v1/articles", "/v1/articles:batch"])
def test_a_compressed_body_is_415(shared_api: tuple[Api, Database], path: str) -> None:
    api, _ = shared_api
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = api.client.post(path, content=gzip.compress(b'{"body": "One."}'), headers=headers)
    assert "Content-Encoding" in problem(answer, 415, "content_encoding")["detail"]


@pytest.mark.parametrize("transfer", ["content-length", "chunked"])
@pytest.mark.parametrize(("path", "limit"), [("/v1/articles", 100_000), ("/v1/articles:batch", 200_000)])
def test_a_body_too_large_is_413(shared_api: tuple[Api, Database], path: str, limit: int, transfer: str) -> None:
    api, _ = shared_api
    whole = b'{"body": "' + b"x" * limit + b'"}'
    pieces = (whole[start : start + 5000] for start in range(0, len(whole), 5000))
    content = whole if transfer == "content-length" else pieces
    answer = api.client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert str(limit) in problem(answer, 413, "body_too_large")["detail"]


def test_a_text_too_long_is_413(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    [error] = problem(api.push("é" * 2001), 413, "text_too_long")["errors"]
    assert (error["field"], "2001" in error["reason"], "2000" in error["reason"]) == ("body", True, True)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_nested_too_deep_is_400(shared_api: tuple[Api, Database], opening: bytes) -> None:
    api, _ = shared_api
    for content in (opening * 15_000, b'{"body": ' + opening * 33):
        problem(raw(api, content), 400, "nesting_too_deep")


def test_brackets_in_a_text_are_no_nesting(sqlite_api: Api) -> None:
    assert sqlite_api.push("[{" * 500 + '"\\' * 50).status_code == 202


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("PUT", "/v1/articles", 405)])
def test_what_is_not_there_is_a_problem_too(shared_api: tuple[Api, Database], method: str, path: str, status: int) -> None:
    api, _ = shared_api
    answer = api.client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"], answer.json()["status"]) == (status, PROBLEM, status)


# --- batches ----------------------------------------------------------------------------------------------------------------


def batch(api: Api, *lines: object, **headers: str) -> httpx.Response:
    content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return api.client.post("/v1/articles:batch", content=content, headers={"Content-Type": "application/x-ndjson"} | headers)


def test_a_batch_has_a_status_for_each_line_in_order(api: Api, database: Database) -> None:
    known = api.push_id("Known.", guid="k")
    answer = batch(
        api,
        {"body": "One.", "guid": "1"},
        b"{no json",
        {"body": "Known.", "guid": "k"},
        {"body": "One.", "guid": "1"},
        {"body": "x", "feed": "A B"},
        {"body": "y" * 1_000_001},
        b"[" * 100,
        b'{"body": "half \\udc00 pair"}',
        b'{"body": "\xff"}',
        {"body": "Other.", "guid": "1", "version": "v"},
        {"body": "Another.", "guid": "1", "version": "v"},
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["errors"] is True
    items = body["items"]
    assert [item["line"] for item in items] == list(range(1, 12))
    assert [item["status"] for item in items] == [202, 400, 200, 200, 422, 413, 400, 400, 400, 202, 202]
    assert items[2]["job_id"] == str(known)
    assert items[3]["job_id"] == items[0]["job_id"]
    assert items[0]["href"] == f"/v1/jobs/{items[0]['job_id']}"
    assert items[4]["problem"]["errors"][0]["field"] == "feed"
    assert [items[place]["problem"]["code"] for place in (1, 5, 6)] == ["invalid", "text_too_long", "nesting_too_deep"]
    assert items[10]["warnings"][0]["code"] == "content_changed"
    assert all(("problem" in item) != ("job_id" in item) for item in items)
    assert stored(database) == 4
    assert batch(api, {"body": "One.", "guid": "1"}).json()["errors"] is False


def test_a_batch_of_many_transactions_is_answered_whole(api: Api, database: Database) -> None:
    lines = [{"body": f"Story {number}.", "guid": str(number)} for number in range(450)]
    items = batch(api, *lines).json()["items"]
    assert [item["status"] for item in items] == [202] * 450
    assert stored(database) == 450
    assert len({item["job_id"] for item in items}) == 450
    again = batch(api, *lines).json()["items"]
    assert [item["status"] for item in again] == [200] * 450
    assert [item["job_id"] for item in again] == [item["job_id"] for item in items]


def test_too_many_lines_take_nothing_in(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    detail = problem(batch(api, *[{"body": f"{number}"} for number in range(21)]), 413, "batch_too_long")["detail"]
    assert "21 lines" in detail
    assert "none was taken in" in detail


@pytest.mark.parametrize("content", [b"", b"\n \r\n\t\n"])
def test_an_empty_batch_is_400(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    problem(api.client.post("/v1/articles:batch", content=content), 400, "empty_batch")


def test_a_batch_of_bad_lines_alone_is_answered_line_by_line(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    body = batch(api, b"{", {"title": "no body"}, b"\xff\xfe").json()
    assert (body["errors"], [item["status"] for item in body["items"]]) == (True, [400, 422, 400])


def test_blank_lines_are_passed_over_and_lines_keep_their_numbers(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post("/v1/articles:batch", content=b'\r\n{"body": "One."}\r\n\r\n{"body": "Two."}\r\n')
    assert [(item["line"], item["status"]) for item in answer.json()["items"]] == [(2, 202), (4, 202)]


def test_an_idempotency_key_holds_for_a_batch(sqlite_api: Api, sqlite_database: Database) -> None:
    first = batch(sqlite_api, {"body": "One."}, **{"Idempotency-Key": "b1"})
    again = batch(sqlite_api, {"body": "One."}, **{"Idempotency-Key": "b1"})
    assert [first.json()["items"][0]["status"], again.json()["items"][0]["status"]] == [202, 200]
    problem(batch(sqlite_api, {"body": "Two."}, **{"Idempotency-Key": "b1"}), 422, "idempotency_key_reused")
    assert stored(sqlite_database) == 1


# --- the gate ---------------------------------------------------------------------------------------------------------------


def test_a_full_feed_is_429_and_others_go_on(database: Database, serve: Any) -> None:
    api = serve(database, limits={"queued_per_feed": 2})
    assert {item["status"] for item in batch(api, {"body": "1", "feed": "a"}, {"body": "2", "feed": "a"}).json()["items"]} == {
        202
    }
    time.sleep(1.1)  # counts may be a second old
    refused = api.push("3", feed="a")
    assert "'a'" in problem(refused, 429, "feed_queue_full")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    mixed = batch(api, {"body": "3", "feed": "a"}, {"body": "4", "feed": "b"}, {"body": "5", "feed": "a"})
    assert mixed.status_code == 200
    assert [item["status"] for item in mixed.json()["items"]] == [429, 202, 429]
    assert mixed.json()["items"][0]["problem"]["code"] == "feed_queue_full"
    assert stored(database) == 3
    with database.read() as connection:
        for job_id in connection.execute(select(jobs.c.id).where(jobs.c.feed == "a")).scalars().all():
            finish(database, job_id)
    time.sleep(1.1)
    assert api.push("3", feed="a").status_code == 202


def test_a_backlog_too_old_is_503_until_it_is_worked_off(database: Database, serve: Any) -> None:
    api = serve(database, limits={"oldest_queued_s": 60})
    job_id = api.push_id("One.")
    set_row(database, job_id, queued_at=int(time.time() * 1000) - 61_000)
    time.sleep(1.1)
    refused = api.push("Two.")
    problem(refused, 503, "backlog_too_old")
    assert int(refused.headers["Retry-After"]) > 0
    problem(batch(api, {"body": "Two."}), 503, "backlog_too_old")
    assert stored(database) == 1
    finish(database, job_id)
    time.sleep(1.1)
    assert api.push("Two.").status_code == 202


def test_a_disk_nearly_full_is_503(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, limits={"free_disk_ratio": 0.999999})
    refused = api.push()
    assert "MB left" in problem(refused, 503, "disk_full")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert stored(sqlite_database) == 0


# --- the database gone ------------------------------------------------------------------------------------------------------


def test_a_locked_database_is_503_and_nothing_is_stored(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, database={"busy_timeout_s": 0.2})
    file = sqlite_database.sqlite_file()
    assert file is not None
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for answer in (api.push(), batch(api, {"body": "One."})):
            assert "nothing was taken in" in problem(answer, 503, "store_unavailable")["detail"]
            assert int(answer.headers["Retry-After"]) > 0
        other.execute("ROLLBACK")
    assert stored(sqlite_database) == 0
    assert api.push().status_code == 202


@pytest.mark.postgres
def test_a_stopped_postgresql_is_503_and_back_when_it_is_back(tmp_path_factory: pytest.TempPathFactory, serve: Any) -> None:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
    server = PostgresServer(programs, tmp_path_factory)
    server.start()
    try:
        with server.new_database() as url:
            database = Database(url, DatabaseSettings())
            migrations.upgrade(database)
            api = serve(database, database={"busy_timeout_s": 0.5})
            assert api.push("One.").status_code == 202
            assert server.process is not None
            server.process.kill()
            server.process.wait()
            refused = api.push("Two.")
            problem(refused, 503, "store_unavailable")
            assert int(refused.headers["Retry-After"]) > 0
            ready = api.client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
            assert ready.json()["checks"]["workers"] == "unknown"
            assert api.client.get("/healthz").status_code == 200
            server.start()
            assert stored(database) == 1
            assert api.push("Two.").status_code == 202
            api.stop()
            database.dispose()
    finally:
        server.stop()


# --- a push never waits for Redis -------------------------------------------------------------------------------------------


def push_times(api: Api, number: int = 20) -> list[float]:
    times = []
    for place in range(number):
        began = time.monotonic()
        assert api.push(f"Story {place}.").status_code == 202
        times.append(time.monotonic() - began)
    return times


def test_a_push_does_not_wait_for_a_redis_that_refuses(sqlite_api: Api, sqlite_database: Database) -> None:
    sqlite_api.client.get("/healthz")
    times = push_times(sqlite_api)
    assert statistics.median(times) < 0.1, times
    assert max(times) < 1, times
    assert stored(sqlite_database) == 20
    assert all(record.state is JobState.QUEUED for record in queries.list_jobs(sqlite_database, limit=30))
