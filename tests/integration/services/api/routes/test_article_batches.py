"""Pushing articles as a batch of NDJSON."""

from __future__ import annotations

import pytest

from services.database.engine import Database
from tests.support.api import Api, assert_problem, count_articles, push_batch


def test_batch_has_a_status_for_each_line_in_order(api: Api, database: Database) -> None:
    existing_job = api.push_id("Known.", guid="k")
    response = push_batch(
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
    assert response.status_code == 200
    body = response.json()
    assert body["errors"] is True
    items = body["items"]
    assert [item["line"] for item in items] == list(range(1, 12))
    assert [item["status"] for item in items] == [202, 400, 200, 200, 422, 413, 400, 400, 400, 202, 202]
    assert items[2]["job_id"] == str(existing_job)
    assert items[3]["job_id"] == items[0]["job_id"]
    assert items[0]["href"] == f"/v1/jobs/{items[0]['job_id']}"
    assert items[4]["problem"]["errors"][0]["field"] == "feed"
    assert [items[index]["problem"]["code"] for index in (1, 5, 6)] == ["invalid", "text_too_long", "nesting_too_deep"]
    assert items[10]["warnings"][0]["code"] == "content_changed"
    assert all(("problem" in item) != ("job_id" in item) for item in items)
    assert count_articles(database) == 4
    assert push_batch(api, {"body": "One.", "guid": "1"}).json()["errors"] is False


def test_batch_of_several_transactions_is_answered_completely(api: Api, database: Database) -> None:
    lines = [{"body": f"Story {number}.", "guid": str(number)} for number in range(450)]
    items = push_batch(api, *lines).json()["items"]
    assert [item["status"] for item in items] == [202] * 450
    assert count_articles(database) == 450
    assert len({item["job_id"] for item in items}) == 450
    repeated = push_batch(api, *lines).json()["items"]
    assert [item["status"] for item in repeated] == [200] * 450
    assert [item["job_id"] for item in repeated] == [item["job_id"] for item in items]


def test_batch_with_too_many_lines_is_rejected_completely(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    detail = assert_problem(push_batch(api, *[{"body": f"{number}"} for number in range(21)]), 413, "batch_too_long")[
        "detail"
    ]
    assert "21 lines" in detail
    assert "none was accepted" in detail


@pytest.mark.parametrize("content", [b"", b"\n \r\n\t\n"])
def test_empty_batch_is_rejected(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    assert_problem(api.client.post("/v1/articles:batch", content=content), 400, "empty_batch")


def test_batch_of_invalid_lines_is_answered_line_by_line(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    body = push_batch(api, b"{", {"title": "no body"}, b"\xff\xfe").json()
    assert (body["errors"], [item["status"] for item in body["items"]]) == (True, [400, 422, 400])


def test_blank_lines_are_skipped_and_counted(sqlite_api: Api) -> None:
    response = sqlite_api.client.post("/v1/articles:batch", content=b'\r\n{"body": "One."}\r\n\r\n{"body": "Two."}\r\n')
    assert [(item["line"], item["status"]) for item in response.json()["items"]] == [(2, 202), (4, 202)]


def test_idempotency_key_applies_to_a_whole_batch(sqlite_api: Api, sqlite_database: Database) -> None:
    first = push_batch(sqlite_api, {"body": "One."}, **{"Idempotency-Key": "b1"})
    second = push_batch(sqlite_api, {"body": "One."}, **{"Idempotency-Key": "b1"})
    assert [first.json()["items"][0]["status"], second.json()["items"][0]["status"]] == [202, 200]
    assert_problem(push_batch(sqlite_api, {"body": "Two."}, **{"Idempotency-Key": "b1"}), 422, "idempotency_key_reused")
    assert count_articles(sqlite_database) == 1


def test_contended_batch_is_rejected_completely(
    sqlite_api: Api, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.jobs.accept._accept", lambda *_: None)  # as if another process always came first
    assert_problem(push_batch(sqlite_api, {"body": "One."}, {"body": "Two."}), 503, "contended")
    assert count_articles(sqlite_database) == 0


def test_batch_in_part_refused_says_when_the_rest_may_be_sent_again(sqlite_api: Api) -> None:
    sqlite_api.client.post("/v1/feeds", json={"name": "slow", "rate_per_s": 0.05}).raise_for_status()
    lines = [{"body": f"Story {number}.", "feed": "slow"} for number in range(30)]
    response = push_batch(sqlite_api, {"body": "Other.", "feed": "fast"}, *lines)
    items = response.json()["items"]
    refused = [item for item in items if item["status"] == 429]
    assert response.status_code == 200
    assert refused
    assert items[0]["status"] == 202
    assert "retry_after" not in items[0]
    assert int(response.headers["Retry-After"]) == max(item["retry_after"] for item in refused) >= 1
    assert "Retry-After" not in push_batch(sqlite_api, {"body": "More.", "feed": "fast"}, b"{}").headers
