"""Entities by the beginning of a name, and searches that find bodies by the beginning of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from services.caller import Scope, local
from services.database.engine import Database
from services.jobs.leases import LeasedJob
from services.maintenance import erasure
from services.results import search_index
from tests.support.api import Api, assert_problem, make_key
from tests.support.search import fetch_items
from tests.support.speech import Statement, store_result

BODIES = ("Norvane", "Norvane Energy", "Washington Post")


@pytest.fixture
def articles(database: Database) -> list[LeasedJob]:
    return [
        store_result(
            database,
            Statement("Zoë Ångström", "no", target="Norvane Energy"),
            Statement("Norvane Energy", "yes", target="Washington"),
            feed="wire",
            guid="1",
            organizations=BODIES,
        ),
        store_result(
            database,
            Statement("Zoë Ångström", "no", target="Washington Post"),
            feed="wire",
            guid="2",
            organizations=BODIES,
        ),
        store_result(
            database, Statement("Zoe Angstrom", "no", target="Norvane"), feed="paper", guid="3", organizations=BODIES
        ),
    ]


def names(api: Api, **params: Any) -> list[str]:
    return [item["name"] for item in api.client.get("/v1/entities", params=params).raise_for_status().json()["items"]]


@pytest.mark.usefixtures("articles")
def test_entities_are_counted_and_completed_from_the_beginning_of_any_word(api: Api) -> None:
    [speaker] = api.client.get("/v1/entities", params={"q": "angstr"}).json()["items"]
    assert (speaker["articles"], speaker["as_speaker"], speaker["as_holder"], speaker["as_target"]) == (3, 3, 3, 0)
    assert names(api, q="norvane") == ["Norvane", "Norvane Energy"]
    assert names(api, q="ener nor") == ["Norvane Energy"]
    assert names(api, q="post", role="target") == ["Washington Post"]
    assert names(api, q="post", role="speaker") == names(api, q="ost") == []
    assert names(api, type="ORGANIZATION", q="wash") == ["Washington Post"]
    assert names(api, type="LOCATION") == []
    assert names(api)[0] in {"Zoë Ångström", "Zoe Angstrom"}
    assert names(api, feed="paper", q="nor") == ["Norvane"]


@pytest.mark.usefixtures("articles")
def test_pages_of_entities_miss_none_and_repeat_none(api: Api) -> None:
    questions: tuple[dict[str, str | int], ...] = ({}, {"q": "norvane"}, {"q": "n"})
    for question in questions:
        listed, cursor = [], None
        while True:
            params = {"limit": 1, **question} | ({"cursor": cursor} if cursor else {})
            page = api.client.get("/v1/entities", params=params).raise_for_status().json()
            listed += [item["name"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert listed == names(api, **question)


@pytest.mark.usefixtures("articles")
def test_entities_of_other_feeds_are_not_counted(api: Api, database: Database) -> None:
    client = api.client_of(make_key(database, Scope.READ, feeds=("paper",)))
    items = client.get("/v1/entities").json()["items"]
    assert {(item["name"], item["articles"]) for item in items} == {("Zoe Angstrom", 1), ("Norvane", 1)}
    assert client.get("/v1/entities", params={"feed": "wire"}).json()["items"] == []


def test_counts_follow_removed_and_rebuilt_results(api: Api, database: Database, articles: list[LeasedJob]) -> None:
    before = api.client.get("/v1/entities").json()
    search_index.rebuild(database, 0, 10)
    assert api.client.get("/v1/entities").json() == before
    erasure.erase(database, articles[0].article_id, local())
    assert names(api, q="norvane") == ["Norvane"]
    assert names(api, q="energy") == []
    assert names(api, q="washington") == ["Washington Post"]


@pytest.mark.usefixtures("articles")
def test_beginning_of_the_name_of_a_body_finds_it_unless_it_is_a_whole_name(api: Api) -> None:
    def targets(**filters: str) -> set[str | None]:
        return {item["target"] for item in fetch_items(api, "stances", **filters)}

    assert targets(target="Norvane") == {"Norvane", "Norvane Energy"}
    assert targets(target="norvane", match="exact") == {"Norvane"}
    assert targets(target="Energy") == set()
    assert targets(target="Washington") == {"Washington"}
    assert targets(target="Washington Post") == {"Washington Post"}
    [said] = fetch_items(api, "attributions", speaker="Norvane")
    assert said["speaker"] == "Norvane Energy"
    assert fetch_items(api, "attributions", speaker="Norvane", match="exact") == []


def test_invalid_questions_are_refused_with_the_field(sqlite_api: Api) -> None:
    for params, field in (({"q": "…"}, "q"), ({"cursor": "x"}, "cursor"), ({"type": "CITY"}, "type"), ({"q": ""}, "q")):
        problem = assert_problem(sqlite_api.client.get("/v1/entities", params=params), 422, "invalid")
        assert problem["errors"][0]["field"] == field
