from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.database.engine import Database
from tests.support.api import PROBLEM, Api, assert_problem


def push_raw(api: Api, content: bytes, **headers: str) -> httpx.Response:
    return api.client.post("/v1/articles", content=content, headers={"Content-Type": "application/json"} | headers)


VALID: dict[str, Any] = {"body": "The minister said no."}
INVALID_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"body": 5}, "body", "string"),
    ({"body": None}, "body", "string"),
    ({"body": " \n\t"}, "body", "blank"),
    ({"body": "one\x00two"}, "body", "NUL character at offset 3"),
    ({"title": "a\x00"}, "title", "NUL"),
    ({"title": "t" * 501}, "title", "500"),
    ({"guid": ""}, "guid", "at least 1"),
    ({"guid": "g" * 501}, "guid", "500"),
    ({"guid": ["x"]}, "guid", "string"),
    ({"version": 3}, "version", "string"),
    ({"language": "english, mostly"}, "language", "pattern"),
    ({"published_at": True}, "published_at", "number"),
    ({"published_at": ["2026-11-23"]}, "published_at", "datetime"),
    ({"metadata": ["politics"]}, "metadata", "dictionary"),
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


@pytest.mark.parametrize(
    ("invalid", "field", "reason"), INVALID_FIELDS, ids=[f"{field}-{reason}" for _, field, reason in INVALID_FIELDS]
)
def test_invalid_field_is_named_with_the_reason(
    shared_api: tuple[Api, Database], invalid: dict[str, Any], field: str, reason: str
) -> None:
    api, _ = shared_api
    body = assert_problem(api.client.post("/v1/articles", json=VALID | invalid), 422, "invalid")
    [error] = body["errors"]
    assert error["field"] == field
    assert reason in error["reason"]
    assert body["detail"].startswith(f"JSON: {field}: ")


def test_several_invalid_fields_are_all_named(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    body = assert_problem(
        api.client.post("/v1/articles", json={"feed": "A B", "language": "?", "guid": 1}), 422, "invalid"
    )
    assert {error["field"] for error in body["errors"]} == {"feed", "language", "guid", "body"}
    assert body["detail"].endswith("(and 3 more)")


@pytest.mark.parametrize("content", [b'{"body": "half \\ud83d pair"}', b'{"body": "fine", "\\ud83d": 1}'])
def test_lone_surrogate_is_rejected(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    [error] = assert_problem(push_raw(api, content), 400, "invalid")["errors"]
    assert "hex escape" in error["reason"]


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"body": "x"', b'{"body": "\xff"}', b'{"body": ' + b"9" * 5000 + b"}", b"{'body': 1}"],
    ids=["open", "unclosed", "not UTF-8", "endless number", "Python"],
)
def test_malformed_json_is_400(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    assert push_raw(api, content).status_code == 400
    assert push_raw(api, content).headers["content-type"] == PROBLEM


@pytest.mark.parametrize("content", [b'"a string"', b"null", b"7"])
def test_json_without_an_object_is_422(shared_api: tuple[Api, Database], content: bytes) -> None:
    api, _ = shared_api
    assert assert_problem(push_raw(api, content), 422, "invalid")["errors"]


@pytest.mark.parametrize(
    "media_type", ["image/png", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
def test_unknown_content_type_is_415(shared_api: tuple[Api, Database], media_type: str) -> None:
    api, _ = shared_api
    answer = push_raw(api, b"body=One.", **{"Content-Type": media_type})
    assert "application/json" in assert_problem(answer, 415, "media_type")["detail"]


@pytest.mark.parametrize("path", ["/v1/articles", "/v1/articles:batch"])
def test_body_in_an_unknown_coding_is_415_and_one_that_is_not_in_its_coding_400(
    shared_api: tuple[Api, Database], path: str
) -> None:
    api, _ = shared_api
    headers = {"Content-Type": "application/json", "Content-Encoding": "aes128gcm"}
    answer = api.client.post(path, content=b'{"body": "One."}', headers=headers)
    assert "Content-Encoding" in assert_problem(answer, 415, "content_encoding")["detail"]
    answer = api.client.post(path, content=b'{"body": "One."}', headers=headers | {"Content-Encoding": "gzip"})
    assert "gzip" in assert_problem(answer, 400, "content_encoding")["detail"]


@pytest.mark.parametrize("transfer", ["content-length", "chunked"])
@pytest.mark.parametrize(("path", "limit"), [("/v1/articles", 100_000), ("/v1/articles:batch", 200_000)])
def test_large_body_is_413(shared_api: tuple[Api, Database], path: str, limit: int, transfer: str) -> None:
    api, _ = shared_api
    whole = b'{"body": "' + b"x" * limit + b'"}'
    pieces = (whole[start : start + 5000] for start in range(0, len(whole), 5000))
    content = whole if transfer == "content-length" else pieces
    answer = api.client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert str(limit) in assert_problem(answer, 413, "body_too_large")["detail"]


def test_long_text_is_413(shared_api: tuple[Api, Database]) -> None:
    api, _ = shared_api
    [error] = assert_problem(api.push("é" * 2001), 413, "text_too_long")["errors"]
    assert (error["field"], "2001" in error["reason"], "2000" in error["reason"]) == ("body", True, True)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deeply_nested_json_is_400(shared_api: tuple[Api, Database], opening: bytes) -> None:
    api, _ = shared_api
    for content in (opening * 15_000, b'{"body": ' + opening * 33):
        assert_problem(push_raw(api, content), 400, "nesting_too_deep")


def test_brackets_in_a_text_are_not_counted_as_nesting(sqlite_api: Api) -> None:
    assert sqlite_api.push("[{" * 500 + '"\\' * 50).status_code == 202


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("PUT", "/v1/articles", 405)])
def test_unknown_path_and_method_are_problems(
    shared_api: tuple[Api, Database], method: str, path: str, status: int
) -> None:
    api, _ = shared_api
    answer = api.client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"], answer.json()["status"]) == (status, PROBLEM, status)
