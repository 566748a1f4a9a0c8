"""The list of entities and the page of one, as a browser without scripts sees them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.caller import Scope
from services.contracts import StanceLabel
from services.database.engine import Database
from tests.support.api import Api, make_key
from tests.support.console_forms import get_page
from tests.support.speech import Statement, store_result

NOW = datetime.now(UTC)
SUPPORT = StanceLabel.SUPPORT
BODIES = ("Port Union", "Norvane", "Norvane Energy", "AC/DC Fans")


@pytest.fixture
def named_api(sqlite_api: Api, sqlite_database: Database) -> Api:
    berg = Statement("Ida Berg", "that the plan is reckless", target="Port Union")
    lee = Statement("Ann Lee", "that Berg is right", target="Ida Berg", stance=SUPPORT)
    union = Statement("Port Union", "that Berg is wrong", target="Ida Berg")
    trams = Statement("Ida Berg", "that trams are fine", target="#trams", stance=SUPPORT)
    store_result(
        sqlite_database,
        berg,
        lee,
        other_names={"Ida Berg": ("I. Berg",)},
        organizations=BODIES,
        title="First",
        feed="wire",
        published_at=NOW - timedelta(days=40),
    )
    store_result(
        sqlite_database, berg, union, trams, organizations=BODIES, title="Second", feed="paper", published_at=NOW
    )
    store_result(
        sqlite_database,
        Statement("AC/DC Fans", "no", target="Norvane Energy"),
        organizations=BODIES,
        title="Third",
        feed="wire",
        published_at=NOW,
    )
    return sqlite_api


def test_list_has_counts_and_is_searched_by_the_beginning_of_words_type_and_part(named_api: Api) -> None:
    html = get_page(named_api.client, "/entities")
    row = html[html.index('href="/entities/Ida%20Berg"') :]
    assert re.findall(r'class="num">(\d+)<', row)[:4] == ["2", "3", "3", "2"]
    assert 'href="/said"' in html
    for query, expected in (
        ({"q": "norv"}, {"Norvane Energy"}),
        ({"q": "un po"}, {"Port Union"}),
        ({"type": "ORGANIZATION", "role": "speaker"}, {"Port Union", "AC/DC Fans"}),
        ({"q": "nobody", "type": "", "role": ""}, set()),
    ):
        listed = get_page(named_api.client, "/entities", **query)
        assert set(re.findall(r'<a href="/entities/[^"?]+">([^<]+)</a>', listed)) == expected, query


def test_list_refuses_a_text_without_letters_and_keeps_it(named_api: Api) -> None:
    html = get_page(named_api.client, "/entities", 422, q="…")
    assert "has no letter or digit" in html
    assert 'value="…"' in html
    get_page(named_api.client, "/entities", 422, cursor="x")
    get_page(named_api.client, "/entities", 422, type="CITY")


def test_pages_of_the_list_do_not_overlap(sqlite_api: Api, sqlite_database: Database) -> None:
    statements = [Statement(f"Speaker{number} Low", "no") for number in range(60)]
    store_result(sqlite_database, *statements, title="Many")
    first = get_page(sqlite_api.client, "/entities", q="low")
    link = re.search(r'href="(/entities\?[^"]*cursor=[^"]*)"', first)
    assert link
    listed = [re.findall(r">(Speaker\d+ Low)</a>", html) for html in (first, get_page(sqlite_api.client, link[1]))]
    assert [len(names) for names in listed] == [50, 10]
    assert len({*listed[0], *listed[1]}) == 60


def test_boxes_are_completed_with_names_of_their_part(named_api: Api) -> None:
    def completions(**query: str) -> list[str]:
        return re.findall(r'value="([^"]+)"', get_page(named_api.client, "/said/names", **query))

    assert completions(q="b") == ["Ida Berg"]
    assert completions(role="speaker", speaker="union") == ["Port Union"]
    assert completions(role="speaker", speaker="norv") == completions(q="…") == completions() == []
    assert 'hx-get="/said/names?role=holder"' in get_page(named_api.client, "/said")


def test_entity_shows_names_statements_and_both_sides_of_its_stances(named_api: Api) -> None:
    html = get_page(named_api.client, "/entities/ida berg")
    assert "I. Berg" in html
    assert "Person in 2 articles: 3 statements, 3 stances held, the target of 2 stances" in html
    held, towards = (html[html.index(f'<section class="panel" id="{part}"') :] for part in ("held", "towards"))
    assert held.count('class="bar support"') >= 27
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr><td class=\"break.*?</tr>", held)]
    assert rows == [
        ["Port", "Union", "–", "2"],
        ["trams", "topic", "1", "–"],
        ["Port", "Union", "–", "1"],
        ["Ann", "Lee", "1", "–"],
    ]
    assert "/said?holder=Ida+Berg&match=exact&stance=oppose&target=Port+Union" in held
    assert "/said?target=Ida+Berg&match=exact&stance=support&holder=Ann+Lee" in towards
    statements = html[html.index('id="statements"') :]
    assert statements.count("that the plan is reckless") == 2
    assert "/said/statements?speaker=Ida+Berg&match=exact" in statements
    assert "Second" in statements
    assert re.search(r'href="/jobs/[^"]+/article#a\d+"', statements)


def test_links_of_the_page_lead_to_searches_with_the_same_stances(named_api: Api) -> None:
    html = get_page(named_api.client, "/entities/Ida Berg")
    for link in set(re.findall(r'href="(/said[^"]*stance=[^"]*)"', html)):
        results = get_page(named_api.client, link)
        assert 'class="result-item"' in results, link
        assert '<option value="exact" selected>' in results


def test_name_is_exact_and_may_have_any_character(named_api: Api) -> None:
    get_page(named_api.client, "/entities/Norvane", 404)
    assert "AC/DC Fans" in get_page(named_api.client, "/entities/Norvane%20Energy")
    assert "Organization in 1 article" in get_page(named_api.client, "/entities/AC%2FDC%20Fans")
    assert "Organization in 1 article" in get_page(named_api.client, "/entities/AC/DC%20Fans")
    for name in ("%E2%80%A6", "x" * 300, "Nobody"):
        get_page(named_api.client, f"/entities/{name}", 404)
    get_page(named_api.client, "/entities/Ida%20Berg", 422, bucket="year")


def test_pages_are_limited_to_the_feeds_of_the_key(named_api: Api, sqlite_database: Database) -> None:
    reader = named_api.client_of(make_key(sqlite_database, Scope.READ, feeds=("paper",)))
    html = get_page(reader, "/entities/Ida Berg")
    assert "Person in 1 article: 2 statements, 2 stances held, the target of 1 stance" in html
    assert ("Second" in html, "First" in html, "Ann Lee" in html, "I. Berg" in html) == (True, False, False, False)
    assert "AC/DC" not in get_page(reader, "/entities")
    assert "AC/DC" not in get_page(reader, "/said/names", q="ac")
    get_page(reader, "/entities/Norvane Energy", 404)


def test_service_without_results_explains_what_the_list_will_show(sqlite_api: Api) -> None:
    assert "once articles have been analysed" in get_page(sqlite_api.client, "/entities")
