from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from services.contracts import Act, StanceLabel
from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, problem
from tests.support.speech import Said, tell

SUPPORT = StanceLabel.SUPPORT


def found(api: Api, path: str, **filters: Any) -> list[dict[str, Any]]:
    answer = api.client.get(f"/v1/{path}", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def said(api: Api, **filters: Any) -> list[str]:
    return [item["content"] for item in found(api, "attributions", **filters)]


def held(api: Api, **filters: Any) -> list[tuple[str | None, str, str | None]]:
    return [
        (item["holder"], item["stance"], item["target"] or item["topic"]) for item in found(api, "stances", **filters)
    ]


@pytest.fixture
def told(api: Api, database: Database) -> Api:
    tell(
        database,
        Said("Sergey Lavrov", "the plan is reckless", act=Act.REJECT, target="NATO"),
        Said("Lavrov", "the talks go on", "added"),
        Said("Jens Stoltenberg", "members’ fees must rise", act=Act.DEMAND, score=0.6),
        also={"Sergey Lavrov": ["Lavrov"], "NATO": ["North Atlantic Treaty Organization"]},
        organizations=["NATO"],
        feed="wire",
        guid="1",
        title="Talks",
        url="https://example.org/1",
        published_at="2026-11-20T10:00:00Z",
    )
    tell(
        database,
        Said(
            "José Ramírez",
            "Żytomierz voted for the tram plan",
            act=Act.PRAISE,
            target="Lavrov",
            stance=SUPPORT,
            score=0.7,
        ),
        Said(None, "he is loved", target="José Ramírez", stance=SUPPORT, attributed=False, score=0.55),
        feed="paper",
        published_at="2026-11-21T10:00:00Z",
    )
    tell(
        database,
        Said("Ana Ruiz", "the Café's U.S. plans are bad", act=Act.REJECT, target="#port-fees"),
        feed="wire",
        published_at="2026-11-22T10:00:00Z",
    )
    return api


def test_who_said_it_is_found_by_any_of_the_names(told: Api) -> None:
    for name in ("Lavrov", "sergey lavrov", "LAVROV’S", "Foreign Minister Sergey Lavrov", "Mr. Lavrov"):
        assert said(told, speaker=name) == ["the talks go on", "the plan is reckless"], name
    for name in ("jose ramirez", "Ramírez", "José Ramírez's"):
        assert said(told, speaker=name) == ["Żytomierz voted for the tram plan"], name
    assert said(told, speaker="José") == said(told, speaker="Sergey") == said(told, speaker="nobody") == []


def test_an_attribution_says_where_it_is_from(told: Api) -> None:
    [item] = found(told, "attributions", speaker="Lavrov", act="reject")
    document = told.client.get(item["href"]).json()
    assert document["text"][item["start"] : item["end"]] == item["content"] == "the plan is reckless"
    assert item["attribution"] == "a1"
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


def test_stances_by_every_filter(told: Api) -> None:
    lavrov = ("Sergey Lavrov", "oppose", "North Atlantic Treaty Organization")
    jose = ("José Ramírez", "support", "Lavrov")
    voice = (None, "support", "José Ramírez")
    ana = ("Ana Ruiz", "oppose", "port-fees")
    assert held(told) == [ana, voice, jose, lavrov]
    assert held(told, holder="Lavrov") == held(told, target="nato") == [lavrov]
    assert held(told, target="The North Atlantic Treaty Organization", holder="Sergey Lavrov") == [lavrov]
    assert held(told, target="Lavrov") == [jose]
    assert held(told, target="Lavrov", holder="Lavrov") == held(told, holder="Lavrov", stance="support") == []
    assert held(told, topic="port-fees") == held(told, topic="port-fees", holder="Ana Ruiz", act="reject") == [ana]
    assert held(told, stance="support") == [voice, jose]
    assert held(told, act="reject") == [ana, lavrov]
    assert held(told, feed="wire", act="reject", stance="oppose") == [ana, lavrov]
    assert held(told, min_score=0.7) == [ana, jose, lavrov]
    assert held(told, min_score=0.71, feed="paper") == []
    assert held(told, **{"from": "2026-11-21", "to": "2026-11-22"}) == [voice, jose]
    assert held(told, **{"from": "2026-11-20T10:00:00Z", "to": "2026-11-20T10:00:00.001Z"}) == [lavrov]
    assert held(told, to="2026-11-20T10:00:00Z") == []
    assert held(told, holder="Lavrov", **{"from": "2026-11-21"}) == []
    assert held(told, speaker="Ramírez") == [jose]
    assert held(told, target="José Ramírez") == [voice]


def test_words_and_phrases(told: Api) -> None:
    assert said(told, text="PLAN") == ["Żytomierz voted for the tram plan", "the plan is reckless"]
    assert said(told, text="plan reckless") == said(told, text='"the plan" is') == ["the plan is reckless"]
    assert said(told, text='"plan the"') == said(told, text="pla") + said(told, text="rise nowhere") == []
    assert (
        said(told, text="cafe")
        == said(told, text="U.S.")
        == said(told, text="Café’s")
        == ["the Café's U.S. plans are bad"]
    )
    assert said(told, text="żytomierz") == ["Żytomierz voted for the tram plan"]
    assert said(told, text="fees", speaker="Stoltenberg", feed="wire") == ["members’ fees must rise"]
    assert held(told, text="lavrov reckless") == [("Sergey Lavrov", "oppose", "North Atlantic Treaty Organization")]
    for strange in ('" OR "x', "plan* NEAR(x)", "NOT plan", "content:plan", "'; DROP TABLE x", "a:b & !c"):
        assert told.client.get("/v1/attributions", params={"text": strange}).status_code == 200, strange


def test_pages_hold_everything_once_in_the_order_of_time(api: Api, database: Database) -> None:
    for number in range(9):
        words = (f"{number} {part}" for part in "abc")
        tell(
            database,
            *(Said("Ida Berg", word, target="Port Union") for word in words),
            feed=f"f{number % 2}",
            published_at=f"2026-11-{10 + number // 3}T00:00:00Z",
        )
    for filters in ({}, {"speaker": "Berg"}, {"text": "said Berg"}, {"feed": "f1"}, {"speaker": "Mr Berg"}):
        path = "stances" if "text" in filters else "attributions"
        whole = found(api, path, limit=100, **filters)
        assert len(whole) == (12 if "feed" in filters else 27)
        assert [item["at"] for item in whole] == sorted((item["at"] for item in whole), reverse=True)
        paged: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = api.client.get(f"/v1/{path}", params={"limit": 4, **filters, **cursor}).json()
            paged += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert paged == whole, filters
        assert found(api, path, limit=3, cursor=whole[6]["cursor"], **filters) == whole[7:10]


def test_csv_and_ndjson_hold_the_same(told: Api) -> None:
    for path in ("attributions", "stances"):
        items = found(told, path)
        lines = told.client.get(f"/v1/{path}", headers={"Accept": "application/x-ndjson"})
        assert lines.headers["Content-Type"] == "application/x-ndjson"
        assert [json.loads(line) for line in lines.text.split("\n")[:-1]] == items
        table = told.client.get(f"/v1/{path}", headers={"Accept": "text/html, text/csv;q=0.9, application/json;q=0.5"})
        assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
        assert rows == [{name: "" if value is None else str(value) for name, value in item.items()} for item in items]
    limited = told.client.get("/v1/stances", params={"limit": 2}, headers={"Accept": "application/ndjson"})
    assert limited.text.count("\n") == 2


def test_a_long_answer_is_streamed_up_to_its_limit(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, api={"export_limit": 1100})
    for number in range(12):
        tell(sqlite_database, *(Said("Ida Berg", f"{number} {part}") for part in range(100)))
    answer = api.client.get("/v1/attributions", headers={"Accept": "application/x-ndjson"})
    items = [json.loads(line) for line in answer.text.splitlines()]
    assert len({item["content"] for item in items}) == len(items) == 1100
    rest = api.client.get(
        "/v1/attributions", params={"cursor": items[-1]["cursor"]}, headers={"Accept": "application/x-ndjson"}
    )
    assert len(rest.text.splitlines()) == 100


def test_no_formula_reaches_a_spreadsheet(sqlite_api: Api, sqlite_database: Database) -> None:
    tell(sqlite_database, Said("Ida Berg", '=HYPERLINK("http://x")'), Said("Ida Berg", "-1,\n2"), title="@SUM(A1)")
    answer = sqlite_api.client.get("/v1/attributions", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["content"] for row in rows] == ["'-1,\n2", '\'=HYPERLINK("http://x")']
    assert {row["title"] for row in rows} == {"'@SUM(A1)"}
    assert said(sqlite_api) == ["-1,\n2", '=HYPERLINK("http://x")']


@pytest.mark.parametrize("path", ["attributions", "stances", "stances/timeline"])
def test_a_bad_filter_is_named(shared_api: tuple[Api, Database], path: str) -> None:
    api, _ = shared_api
    bad = [
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
    bad += [("cursor", "nonsense"), ("limit", "0")] if "timeline" not in path else [("bucket", "hour"), ("limit", "5")]
    bad += [("stance", "neutral"), ("holder", "-"), ("target", "'")] if "stances" in path else [("holder", "Berg")]
    for field, value in bad:
        body = problem(api.client.get(f"/v1/{path}", params={field: value}), 422, "invalid")
        assert [error["field"] for error in body["errors"]] == [field], (field, value)
    body = problem(api.client.get(f"/v1/{path}", params={"from": "2026-11-02", "to": "2026-11-01"}), 422, "invalid")
    assert "from has to lie before to" in body["detail"]
    problem(api.client.get(f"/v1/{path}", headers={"Accept": "image/png"}), 406, "not_acceptable")
    problem(api.client.get(f"/v1/{path}", headers={"Accept": "text/csv;q=0"}), 406, "not_acceptable")
