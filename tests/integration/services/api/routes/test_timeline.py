from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from services.contracts import StanceLabel
from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, problem
from tests.support.speech import Said, tell

AGAINST = Said("Ida Berg", "no", target="Port Union")
FOR = Said("Ann Lee", "yes", target="Port Union", stance=StanceLabel.SUPPORT, score=0.6)


@pytest.fixture
def told(api: Api, database: Database) -> Api:
    for day, feed, said in (
        ("2026-10-30", "a", [AGAINST]),
        ("2026-11-02", "a", [AGAINST, FOR]),
        ("2026-11-02", "b", [AGAINST]),
        ("2026-11-04", "a", []),
    ):
        tell(database, *said, feed=feed, guid=f"{day} {feed}", published_at=f"{day}T23:59:59Z")
    return api


def ask(api: Api, **filters: Any) -> list[dict[str, Any]]:
    answer = api.client.get("/v1/stances/timeline", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def rows(api: Api, **filters: Any) -> list[tuple[Any, ...]]:
    return [tuple(item.values())[:4] for item in ask(api, **filters)]


def test_days_without_a_gap_and_beside_the_articles_read(told: Api) -> None:
    items = ask(told, **{"from": "2026-11-01", "to": "2026-11-05"})
    none = {"support": 0, "oppose": 0}
    assert items == [
        {"start": "2026-11-01", **none, "articles": 0, "support_rate": None, "oppose_rate": None},
        {"start": "2026-11-02", "support": 1, "oppose": 2, "articles": 2, "support_rate": 500.0, "oppose_rate": 1000.0},
        {"start": "2026-11-03", **none, "articles": 0, "support_rate": None, "oppose_rate": None},
        {"start": "2026-11-04", **none, "articles": 1, "support_rate": 0.0, "oppose_rate": 0.0},
    ]


def test_weeks_begin_on_monday_and_months_on_the_first(told: Api) -> None:
    within = {"from": "2026-10-30", "to": "2026-11-05"}
    assert rows(told, bucket="week", **within) == [("2026-10-26", 0, 1, 1), ("2026-11-02", 1, 2, 3)]
    assert rows(told, bucket="month", **within) == [("2026-10-01", 0, 1, 1), ("2026-11-01", 1, 2, 3)]


def test_filters_hold_for_the_stances_and_the_feed_for_the_articles_too(told: Api) -> None:
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
        assert rows(told, **filters, **day) == [("2026-11-02", *expected)], filters


def test_times_are_widened_to_whole_buckets(told: Api) -> None:
    within = {"from": "2026-11-02T05:00:00+02:00", "to": "2026-11-02T07:00:00Z"}
    assert rows(told, **within) == [("2026-11-02", 1, 2, 2)]
    assert rows(told, bucket="month", **within) == [("2026-11-01", 1, 2, 3)]


def test_without_times_the_last_ninety_buckets(told: Api) -> None:
    for width, at_least in (("day", 90), ("week", 90), ("month", 88)):
        assert at_least <= len(ask(told, bucket=width)) <= 91


def test_as_a_table(told: Api) -> None:
    answer = told.client.get(
        "/v1/stances/timeline", params={"from": "2026-11-02", "to": "2026-11-04"}, headers={"Accept": "text/csv"}
    )
    table = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert table[0] == ["start", "support", "oppose", "articles", "support_rate", "oppose_rate"]
    assert table[1:] == [["2026-11-02", "1", "2", "2", "500.0", "1000.0"], ["2026-11-03", "0", "0", "0", "", ""]]


def test_too_many_buckets_are_refused(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, api={"timeline_buckets": 31})
    assert len(ask(api, **{"from": "2026-01-01", "to": "2026-02-01"})) == 31
    for within in (
        {"from": "2026-01-01", "to": "2026-02-02"},
        {"from": "0001-01-01"},
        {"from": "2026-01-01", "to": "9999-12-31"},
    ):
        body = problem(api.client.get("/v1/stances/timeline", params=within), 422, "invalid")
        assert [error["field"] for error in body["errors"]] == ["from"]
        assert "31 buckets" in body["detail"]
    body = problem(api.client.get("/v1/stances/timeline", params={"to": "0001-01-02"}), 422, "invalid")
    assert body["errors"]
