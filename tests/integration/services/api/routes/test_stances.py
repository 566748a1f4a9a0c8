"""Searching stances, and their timeline."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from services.contracts import StanceLabel
from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, assert_problem
from tests.support.search import fetch_items
from tests.support.speech import Statement, store_result

OPPOSITION = Statement("Ida Berg", "no", target="Port Union")
APPROVAL = Statement("Ann Lee", "yes", target="Port Union", stance=StanceLabel.SUPPORT, score=0.6)


def stances(api: Api, **filters: Any) -> list[tuple[str | None, str, str | None]]:
    return [
        (item["holder"], item["stance"], item["target"] or item["topic"])
        for item in fetch_items(api, "stances", **filters)
    ]


def test_stances_match_every_filter(search_api: Api) -> None:
    lavrov = ("Sergey Lavrov", "oppose", "North Atlantic Treaty Organization")
    jose = ("José Ramírez", "support", "Lavrov")
    voice = (None, "support", "José Ramírez")
    ana = ("Ana Ruiz", "oppose", "port-fees")
    assert stances(search_api) == [ana, voice, jose, lavrov]
    assert stances(search_api, holder="Lavrov") == stances(search_api, target="nato") == [lavrov]
    assert stances(search_api, target="The North Atlantic Treaty Organization", holder="Sergey Lavrov") == [lavrov]
    assert stances(search_api, target="Lavrov") == [jose]
    assert (
        stances(search_api, target="Lavrov", holder="Lavrov")
        == stances(search_api, holder="Lavrov", stance="support")
        == []
    )
    assert (
        stances(search_api, topic="port-fees")
        == stances(search_api, topic="port-fees", holder="Ana Ruiz", act="reject")
        == [ana]
    )
    assert stances(search_api, stance="support") == [voice, jose]
    assert stances(search_api, act="reject") == [ana, lavrov]
    assert stances(search_api, feed="wire", act="reject", stance="oppose") == [ana, lavrov]
    assert stances(search_api, min_score=0.7) == [ana, jose, lavrov]
    assert stances(search_api, min_score=0.71, feed="paper") == []
    assert stances(search_api, **{"from": "2026-11-21", "to": "2026-11-22"}) == [voice, jose]
    assert stances(search_api, **{"from": "2026-11-20T10:00:00Z", "to": "2026-11-20T10:00:00.001Z"}) == [lavrov]
    assert stances(search_api, to="2026-11-20T10:00:00Z") == []
    assert stances(search_api, holder="Lavrov", **{"from": "2026-11-21"}) == []
    assert stances(search_api, speaker="Ramírez") == [jose]
    assert stances(search_api, target="José Ramírez") == [voice]


def test_text_matches_the_evidence(search_api: Api) -> None:
    expected = [("Sergey Lavrov", "oppose", "North Atlantic Treaty Organization")]
    assert stances(search_api, text="lavrov reckless") == expected


# --- timeline ---


@pytest.fixture
def timeline_api(api: Api, database: Database) -> Api:
    for day, feed, statements in (
        ("2026-10-30", "a", [OPPOSITION]),
        ("2026-11-02", "a", [OPPOSITION, APPROVAL]),
        ("2026-11-02", "b", [OPPOSITION]),
        ("2026-11-04", "a", []),
    ):
        store_result(database, *statements, feed=feed, guid=f"{day} {feed}", published_at=f"{day}T23:59:59Z")
    return api


def fetch_buckets(api: Api, **filters: Any) -> list[dict[str, Any]]:
    response = api.client.get("/v1/stances/timeline", params=filters)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def fetch_counts(api: Api, **filters: Any) -> list[tuple[Any, ...]]:
    return [tuple(item.values())[:4] for item in fetch_buckets(api, **filters)]


def test_timeline_has_every_day_with_its_number_of_articles(timeline_api: Api) -> None:
    items = fetch_buckets(timeline_api, **{"from": "2026-11-01", "to": "2026-11-05"})
    none = {"support": 0, "oppose": 0}
    assert items == [
        {"start": "2026-11-01", **none, "articles": 0, "support_rate": None, "oppose_rate": None},
        {"start": "2026-11-02", "support": 1, "oppose": 2, "articles": 2, "support_rate": 500.0, "oppose_rate": 1000.0},
        {"start": "2026-11-03", **none, "articles": 0, "support_rate": None, "oppose_rate": None},
        {"start": "2026-11-04", **none, "articles": 1, "support_rate": 0.0, "oppose_rate": 0.0},
    ]


def test_weeks_start_on_monday_and_months_on_the_first(timeline_api: Api) -> None:
    within = {"from": "2026-10-30", "to": "2026-11-05"}
    assert fetch_counts(timeline_api, bucket="week", **within) == [("2026-10-26", 0, 1, 1), ("2026-11-02", 1, 2, 3)]
    assert fetch_counts(timeline_api, bucket="month", **within) == [("2026-10-01", 0, 1, 1), ("2026-11-01", 1, 2, 3)]


def test_filters_apply_to_stances_and_the_feed_to_articles_too(timeline_api: Api) -> None:
    day = {"from": "2026-11-02", "to": "2026-11-03"}
    for filters, expected in (
        ({"feed": "b"}, (0, 1, 1)),
        ({"feed": "a"}, (1, 1, 1)),
        ({"holder": "Berg"}, (0, 2, 2)),
        ({"speaker": "Lee", "target": "Port Union"}, (1, 0, 2)),
        ({"target": "port union", "stance": "oppose"}, (0, 2, 2)),
        ({"min_score": 0.7}, (0, 2, 2)),
        ({"topic": "fees"}, (0, 0, 2)),
        ({"act": "assert"}, (1, 2, 2)),
        ({"text": "yes"}, (1, 0, 2)),
        ({"text": "yes", "feed": "b"}, (0, 0, 1)),
        ({"holder": "Mr Berg"}, (0, 2, 2)),
    ):
        assert fetch_counts(timeline_api, **filters, **day) == [("2026-11-02", *expected)], filters


def test_range_is_widened_to_whole_buckets(timeline_api: Api) -> None:
    within = {"from": "2026-11-02T05:00:00+02:00", "to": "2026-11-02T07:00:00Z"}
    assert fetch_counts(timeline_api, **within) == [("2026-11-02", 1, 2, 2)]
    assert fetch_counts(timeline_api, bucket="month", **within) == [("2026-11-01", 1, 2, 3)]


def test_range_defaults_to_the_last_ninety_buckets(timeline_api: Api) -> None:
    for width, at_least in (("day", 90), ("week", 90), ("month", 88)):
        assert at_least <= len(fetch_buckets(timeline_api, bucket=width)) <= 91


def test_timeline_as_csv(timeline_api: Api) -> None:
    response = timeline_api.client.get(
        "/v1/stances/timeline", params={"from": "2026-11-02", "to": "2026-11-04"}, headers={"Accept": "text/csv"}
    )
    table = list(csv.reader(io.StringIO(response.text, newline="")))
    assert table[0] == ["start", "support", "oppose", "articles", "support_rate", "oppose_rate"]
    assert table[1:] == [["2026-11-02", "1", "2", "2", "500.0", "1000.0"], ["2026-11-03", "0", "0", "0", "", ""]]


def test_range_of_too_many_buckets_is_rejected(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, api={"timeline_buckets": 31})
    assert len(fetch_buckets(api, **{"from": "2026-01-01", "to": "2026-02-01"})) == 31
    for within in (
        {"from": "2026-01-01", "to": "2026-02-02"},
        {"from": "0001-01-01"},
        {"from": "2026-01-01", "to": "9999-12-31"},
    ):
        body = assert_problem(api.client.get("/v1/stances/timeline", params=within), 422, "invalid")
        assert [error["field"] for error in body["errors"]] == ["from"]
        assert "31 buckets" in body["detail"]


@pytest.mark.parametrize("bucket", ["day", "week", "month"])
def test_timeline_at_the_ends_of_the_calendar_is_answered(timeline_api: Api, bucket: str) -> None:
    def answer(**bounds: str) -> Any:
        return timeline_api.client.get("/v1/stances/timeline", params={"bucket": bucket} | bounds)

    def wrong_field(**bounds: str) -> str:
        return str(assert_problem(answer(**bounds), 422, "invalid")["errors"][0]["field"])

    assert wrong_field(to="0001-01-01") == "to"
    assert wrong_field(to="0001-01-01T01:00:00+01:00") == "to"
    assert answer(to="0001-01-02").json()["items"][0]["start"] == "0001-01-01"
    assert wrong_field(**{"from": "9999-12-31"}) == "from"
    assert wrong_field(**{"from": "9999-12-30", "to": "9999-12-31T23:59:59.9999Z"}) == "from"
    assert wrong_field(**{"from": "10000-01-01"}) == "from"
