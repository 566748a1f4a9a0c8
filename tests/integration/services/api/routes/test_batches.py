from __future__ import annotations

import pytest

from services.database.engine import Database
from tests.support.api import Api, batch, problem, stored


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
