"""Who said what, across articles, as a browser without scripts sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.caller import Scope
from services.contracts import Act, StanceLabel
from services.database.engine import Database
from tests.support.api import Api, make_key
from tests.support.speech import Said, tell

PAGE = {"Accept": "text/html"}
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=21)
FOR = StanceLabel.SUPPORT


def page(api: Api, path: str, status: int = 200, **query: str) -> str:
    answer = api.client.get(path, params=query or None, headers=PAGE)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


@pytest.fixture
def told(sqlite_api: Api, sqlite_database: Database) -> Api:
    berg = Said("Ida Berg", "that the tram plan is reckless", target="Port Union")
    lee = Said("Ann Lee", "that trams are fine", cue="promised", act=Act.PROMISE, target="Port Union", stance=FOR)
    tell(sqlite_database, berg, title="First", feed="wire", published_at=LONG_AGO)
    tell(sqlite_database, lee, berg, title="Second", feed="other", published_at=NOW - timedelta(hours=1))
    tell(
        sqlite_database,
        Said("Ida Berg", "that it rains", attributed=True),
        title="Third",
        feed="wire",
        published_at=NOW,
    )
    return sqlite_api


def test_an_empty_service_says_what_will_be_found(sqlite_api: Api) -> None:
    for path in ("/said", "/said/statements"):
        assert "Once articles are read" in page(sqlite_api, path)


def test_stances_are_found_by_who_towards_whom_and_which_side(told: Api) -> None:
    for query, shown in (
        ({}, (True, True)),
        ({"holder": "Berg"}, (True, False)),
        ({"holder": "lee"}, (False, True)),
        ({"target": "the Port Union"}, (True, True)),
        ({"stance": "support"}, (False, True)),
        ({"holder": "Berg", "stance": "support"}, (False, False)),
        ({"text": "reckless"}, (True, False)),
        ({"feed": "other", "stance": ""}, (True, True)),
        ({"to": (NOW - timedelta(days=2)).date().isoformat()}, (True, False)),
    ):
        found = page(told, "/said", **query)
        assert ("the tram plan is reckless" in found, "trams are fine" in found) == shown, query
    assert "No article that was read has it" in page(told, "/said", holder="Nobody")


def test_what_is_found_leads_to_its_place_in_the_article(told: Api) -> None:
    found = page(told, "/said", holder="Lee")
    link = re.search(r'href="(/jobs/[^"]+/article)#(s\d+)"', found)
    assert link
    assert f'id="{link.group(2)}"' in page(told, link.group(1))


def test_statements_are_found_by_who_and_what_they_do(told: Api) -> None:
    assert "it rains" in page(told, "/said/statements", speaker="Berg")
    assert "it rains" not in page(told, "/said/statements", speaker="Lee")
    promised = page(told, "/said/statements", act="promise")
    assert ("trams are fine" in promised, "it rains" in promised) == (True, False)


def test_the_timeline_has_both_sides_and_how_much_was_read(told: Api) -> None:
    found = page(told, "/said", target="Port Union", bucket="day")
    rows = re.findall(r"<tr><td>(\S+)</td>((?:<td class=\"num\">[^<]*</td>)+)</tr>", found)
    counted = {day: re.findall(r">([^<]*)</td>", cells) for day, cells in rows}
    assert counted[LONG_AGO.date().isoformat()] == ["0", "1", "1", "0.0", "1000.0"]
    assert len(counted) > 20
    assert sum(int(cells[0]) for cells in counted.values()) == 1
    assert sum(int(cells[1]) for cells in counted.values()) == 2
    assert found.count('class="bar support"') == len(counted)
    assert "by week" in found


def test_without_a_stance_there_is_no_timeline(told: Api) -> None:
    assert "Over time" not in page(told, "/said", holder="Nobody")


@pytest.mark.parametrize(
    ("field", "value"),
    [("feed", "A B"), ("from", "yesterday"), ("stance", "maybe"), ("holder", "…"), ("bucket", "year"), ("cursor", "x")],
)
def test_what_is_not_understood_is_named_and_kept(told: Api, field: str, value: str) -> None:
    found = page(told, "/said", 422, **{field: value})
    assert f"{field}: " in found
    if field not in {"stance", "bucket", "cursor"}:
        assert f'value="{value}"' in found


def test_pages_follow_one_another(sqlite_api: Api, sqlite_database: Database) -> None:
    for number in range(30):
        tell(sqlite_database, Said("Ida Berg", f"number {number}.", target="Port Union"), title=f"Story {number}")
    first = page(sqlite_api, "/said", holder="Berg")
    older = re.search(r'href="(/said\?[^"]*cursor=[^"]*)"', first)
    assert older
    second = page(sqlite_api, older.group(1))
    seen = [re.findall(r"number \d+\.", one) for one in (first, second)]
    assert [len(one) for one in seen] == [25, 5]
    assert set(seen[0]).isdisjoint(seen[1])


def test_a_key_finds_what_its_feeds_have(told: Api, sqlite_database: Database) -> None:
    reader = told.client_of(make_key(sqlite_database, Scope.READ, feeds=("wire",)))
    for path in ("/said", "/said/statements"):
        found = reader.get(path, headers=PAGE).text
        assert ("First" in found, "Second" in found) == (True, False)
