"""The search page, as a browser without scripts sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.caller import Scope
from services.contracts import Act, StanceLabel
from services.database.engine import Database
from tests.support.api import Api, make_key
from tests.support.console_forms import HTML, get_page
from tests.support.speech import Statement, store_result

NOW = datetime.now(UTC)
THREE_WEEKS_AGO = NOW - timedelta(days=21)
SUPPORT = StanceLabel.SUPPORT


@pytest.fixture
def searchable_api(sqlite_api: Api, sqlite_database: Database) -> Api:
    berg = Statement("Ida Berg", "that the tram plan is reckless", target="Port Union")
    lee = Statement(
        "Ann Lee", "that trams are fine", cue="promised", act=Act.PROMISE, target="Port Union", stance=SUPPORT
    )
    store_result(sqlite_database, berg, title="First", feed="wire", published_at=THREE_WEEKS_AGO)
    store_result(sqlite_database, lee, berg, title="Second", feed="other", published_at=NOW - timedelta(hours=1))
    store_result(
        sqlite_database,
        Statement("Ida Berg", "that it rains", attributed=True),
        title="Third",
        feed="wire",
        published_at=NOW,
    )
    return sqlite_api


def test_empty_service_explains_what_search_will_show(sqlite_api: Api) -> None:
    for path in ("/said", "/said/statements"):
        assert "once articles have been analysed" in get_page(sqlite_api.client, path)


def test_stances_are_filtered_by_holder_target_stance_text_feed_and_date(searchable_api: Api) -> None:
    for query, expected in (
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
        html = get_page(searchable_api.client, "/said", **query)
        assert ("the tram plan is reckless" in html, "trams are fine" in html) == expected, query
    assert "No analysed article matches" in get_page(searchable_api.client, "/said", holder="Nobody")


def test_result_links_to_its_passage_in_the_article(searchable_api: Api) -> None:
    html = get_page(searchable_api.client, "/said", holder="Lee")
    link = re.search(r'href="(/jobs/[^"]+/article)#(s\d+)"', html)
    assert link
    assert f'id="{link.group(2)}"' in get_page(searchable_api.client, link.group(1))


def test_statements_are_filtered_by_speaker_and_act(searchable_api: Api) -> None:
    assert "it rains" in get_page(searchable_api.client, "/said/statements", speaker="Berg")
    assert "it rains" not in get_page(searchable_api.client, "/said/statements", speaker="Lee")
    promised = get_page(searchable_api.client, "/said/statements", act="promise")
    assert ("trams are fine" in promised, "it rains" in promised) == (True, False)


def test_timeline_counts_both_stances_and_articles(searchable_api: Api) -> None:
    html = get_page(searchable_api.client, "/said", target="Port Union", bucket="day")
    rows = re.findall(r"<tr><td>(\S+)</td>((?:<td class=\"num\">[^<]*</td>)+)</tr>", html)
    figures = {day: re.findall(r">([^<]*)</td>", cells) for day, cells in rows}
    assert figures[THREE_WEEKS_AGO.date().isoformat()] == ["0", "1", "1", "0.0", "1000.0"]
    assert len(figures) > 20
    assert sum(int(cells[0]) for cells in figures.values()) == 1
    assert sum(int(cells[1]) for cells in figures.values()) == 2
    assert html.count('class="bar support"') == len(figures)
    assert "by week" in html


def test_timeline_is_hidden_without_stances(searchable_api: Api) -> None:
    assert "Over time" not in get_page(searchable_api.client, "/said", holder="Nobody")


@pytest.mark.parametrize(
    ("field", "value"),
    [("feed", "A B"), ("from", "yesterday"), ("stance", "maybe"), ("holder", "…"), ("bucket", "year"), ("cursor", "x")],
)
def test_invalid_filter_is_named_and_kept_in_the_form(searchable_api: Api, field: str, value: str) -> None:
    html = get_page(searchable_api.client, "/said", 422, **{field: value})
    assert f"{field}: " in html
    if field not in {"stance", "bucket", "cursor"}:
        assert f'value="{value}"' in html


def test_pages_of_results_do_not_overlap(sqlite_api: Api, sqlite_database: Database) -> None:
    for number in range(30):
        store_result(
            sqlite_database, Statement("Ida Berg", f"number {number}.", target="Port Union"), title=f"Story {number}"
        )
    first = get_page(sqlite_api.client, "/said", holder="Berg")
    next_link = re.search(r'href="(/said\?[^"]*cursor=[^"]*)"', first)
    assert next_link
    second = get_page(sqlite_api.client, next_link.group(1))
    contents = [re.findall(r"number \d+\.", html) for html in (first, second)]
    assert [len(items) for items in contents] == [25, 5]
    assert set(contents[0]).isdisjoint(contents[1])


def test_search_is_limited_to_the_feeds_of_the_key(searchable_api: Api, sqlite_database: Database) -> None:
    reader = searchable_api.client_of(make_key(sqlite_database, Scope.READ, feeds=("wire",)))
    for path in ("/said", "/said/statements"):
        html = reader.get(path, headers=HTML).text
        assert ("First" in html, "Second" in html) == (True, False)


@pytest.mark.parametrize(("to", "status"), [("0001-01-01", 422), ("0001-01-02", 200), ("10000-01-01", 422)])
def test_date_at_the_end_of_the_calendar_is_searched_or_named_as_wrong(
    searchable_api: Api, to: str, status: int
) -> None:
    assert searchable_api.client.get("/said", params={"to": to, "bucket": "week"}).status_code == status
