"""Searching attributions, and what both kinds of search have in common: pages, formats and errors."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, assert_problem
from tests.support.search import fetch_items
from tests.support.speech import Statement, store_result


def contents(api: Api, **filters: Any) -> list[str]:
    return [item["content"] for item in fetch_items(api, "attributions", **filters)]


def test_speaker_matches_any_of_the_names_in_the_article(search_api: Api) -> None:
    for name in ("Lavrov", "sergey lavrov", "LAVROV’S", "Foreign Minister Sergey Lavrov", "Mr. Lavrov"):
        assert contents(search_api, speaker=name) == ["the talks go on", "the plan is reckless"], name
    for name in ("jose ramirez", "Ramírez", "José Ramírez's"):
        assert contents(search_api, speaker=name) == ["Żytomierz voted for the tram plan"], name
    assert (
        contents(search_api, speaker="José")
        == contents(search_api, speaker="Sergey")
        == contents(search_api, speaker="nobody")
        == []
    )


def test_attribution_has_its_id_position_and_article(search_api: Api) -> None:
    [item] = fetch_items(search_api, "attributions", speaker="Lavrov", act="reject")
    document = search_api.client.get(item["href"]).json()
    assert document["text"][item["start"] : item["end"]] == item["content"] == "the plan is reckless"
    assert item["id"] == "a1"
    assert {
        name: item[name] for name in ("feed", "guid", "title", "url", "speaker", "source", "cue", "kind", "score", "at")
    } == {
        "feed": "wire",
        "guid": "1",
        "title": "Talks",
        "url": "https://example.org/1",
        "speaker": "Sergey Lavrov",
        "source": "Sergey Lavrov",
        "cue": "said",
        "kind": "indirect",
        "score": 0.9,
        "at": "2026-11-20T10:00:00Z",
    }


def test_text_matches_words_and_phrases(search_api: Api) -> None:
    assert contents(search_api, text="PLAN") == ["Żytomierz voted for the tram plan", "the plan is reckless"]
    assert (
        contents(search_api, text="plan reckless")
        == contents(search_api, text='"the plan" is')
        == ["the plan is reckless"]
    )
    assert (
        contents(search_api, text='"plan the"')
        == contents(search_api, text="pla") + contents(search_api, text="rise nowhere")
        == []
    )
    assert (
        contents(search_api, text="cafe")
        == contents(search_api, text="U.S.")
        == contents(search_api, text="Café’s")
        == ["the Café's U.S. plans are bad"]
    )
    assert contents(search_api, text="żytomierz") == ["Żytomierz voted for the tram plan"]
    assert contents(search_api, text="fees", speaker="Stoltenberg", feed="wire") == ["members’ fees must rise"]
    for syntax in ('" OR "x', "plan* NEAR(x)", "NOT plan", "content:plan", "'; DROP TABLE x", "a:b & !c"):
        assert search_api.client.get("/v1/attributions", params={"text": syntax}).status_code == 200, syntax


def test_pages_contain_each_item_once_newest_first(api: Api, database: Database) -> None:
    for number in range(9):
        words = (f"{number} {part}" for part in "abc")
        store_result(
            database,
            *(Statement("Ida Berg", word, target="Port Union") for word in words),
            feed=f"f{number % 2}",
            published_at=f"2026-11-{10 + number // 3}T00:00:00Z",
        )
    for filters in ({}, {"speaker": "Berg"}, {"text": "said Berg"}, {"feed": "f1"}, {"speaker": "Mr Berg"}):
        path = "stances" if "text" in filters else "attributions"
        items = fetch_items(api, path, limit=100, **filters)
        assert len(items) == (12 if "feed" in filters else 27)
        assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
        paged: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = api.client.get(f"/v1/{path}", params={"limit": 4, **filters, **cursor}).json()
            paged += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert paged == items, filters
        assert fetch_items(api, path, limit=3, cursor=items[6]["cursor"], **filters) == items[7:10]


def test_csv_and_ndjson_have_the_same_items_as_json(search_api: Api) -> None:
    for path in ("attributions", "stances"):
        items = fetch_items(search_api, path)
        lines = search_api.client.get(f"/v1/{path}", headers={"Accept": "application/x-ndjson"})
        assert lines.headers["Content-Type"] == "application/x-ndjson"
        assert [json.loads(line) for line in lines.text.split("\n")[:-1]] == items
        table = search_api.client.get(
            f"/v1/{path}", headers={"Accept": "text/html, text/csv;q=0.9, application/json;q=0.5"}
        )
        assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
        assert rows == [{name: "" if value is None else str(value) for name, value in item.items()} for item in items]
    limited = search_api.client.get("/v1/stances", params={"limit": 2}, headers={"Accept": "application/ndjson"})
    assert limited.text.count("\n") == 2


def test_long_response_is_streamed_up_to_its_limit(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, api={"export_limit": 1100})
    for number in range(12):
        store_result(sqlite_database, *(Statement("Ida Berg", f"{number} {part}") for part in range(100)))
    response = api.client.get("/v1/attributions", headers={"Accept": "application/x-ndjson"})
    items = [json.loads(line) for line in response.text.splitlines()]
    assert len({item["content"] for item in items}) == len(items) == 1100
    rest = api.client.get(
        "/v1/attributions", params={"cursor": items[-1]["cursor"]}, headers={"Accept": "application/x-ndjson"}
    )
    assert len(rest.text.splitlines()) == 100


def test_text_that_looks_like_a_formula_is_escaped_in_csv(sqlite_api: Api, sqlite_database: Database) -> None:
    store_result(
        sqlite_database,
        Statement("Ida Berg", '=HYPERLINK("http://x")'),
        Statement("Ida Berg", "-1,\n2"),
        title="@SUM(A1)",
    )
    response = sqlite_api.client.get("/v1/attributions", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [row["content"] for row in rows] == ["'-1,\n2", '\'=HYPERLINK("http://x")']
    assert {row["title"] for row in rows} == {"'@SUM(A1)"}
    assert contents(sqlite_api) == ["-1,\n2", '=HYPERLINK("http://x")']


@pytest.mark.parametrize("path", ["attributions", "stances", "stances/timeline"])
def test_invalid_filter_is_named_in_the_error(shared_api: tuple[Api, Database], path: str) -> None:
    api, _ = shared_api
    invalid = [
        ("act", "shout"),
        ("feed", "A B"),
        ("from", "yesterday"),
        ("to", "2026-13-01"),
        ("from", "2026-11-01T10:00:00"),  # without a zone
        ("min_score", "1.5"),
        ("text", "!?"),
        ("text", "word " * 21),
        ("speaker", "…"),
        ("speaker", ""),
        ("speaker", "x" * 201),
        ("colour", "red"),
    ]
    invalid += (
        [("cursor", "nonsense"), ("limit", "0")] if "timeline" not in path else [("bucket", "hour"), ("limit", "5")]
    )
    invalid += [("stance", "neutral"), ("holder", "-"), ("target", "'")] if "stances" in path else [("holder", "Berg")]
    for field, value in invalid:
        body = assert_problem(api.client.get(f"/v1/{path}", params={field: value}), 422, "invalid")
        assert [error["field"] for error in body["errors"]] == [field], (field, value)
    body = assert_problem(
        api.client.get(f"/v1/{path}", params={"from": "2026-11-02", "to": "2026-11-01"}), 422, "invalid"
    )
    assert "from has to be before to" in body["detail"]
    assert_problem(api.client.get(f"/v1/{path}", headers={"Accept": "image/png"}), 406, "not_acceptable")
    assert_problem(api.client.get(f"/v1/{path}", headers={"Accept": "text/csv;q=0"}), 406, "not_acceptable")
