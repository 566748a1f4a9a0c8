from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.cli.main import build
from services.database.engine import Database
from services.topics import store
from tests.integration.conftest import Serve
from tests.support.api import Api, address, problem

NATO = {
    "name": "NATO enlargement",
    "aliases": ["NATO", "eastern expansion", "NATO"],
    "claim": "Ukraine should join NATO.",
}


def add(api: Api, **fields: Any) -> httpx.Response:
    return api.client.post("/v1/topics", json=NATO | fields)


def test_a_topic_is_registered_and_read_for_from_then_on(api: Api, database: Database) -> None:
    made = add(api)
    assert (made.status_code, made.headers["Location"]) == (201, "/v1/topics/nato-enlargement")
    topic = made.json()
    assert (topic["id"], topic["aliases"], topic["retired_at"]) == (
        "nato-enlargement",
        ["NATO", "eastern expansion"],
        None,
    )
    assert api.client.get(made.headers["Location"]).json() == topic
    assert [(one.id, one.claim) for one in store.active(database)] == [("nato-enlargement", NATO["claim"])]
    twice = problem(add(api, name="Nato  Enlargement!"), 409, "topic_exists")
    assert "nato-enlargement" in twice["detail"]


def test_a_topic_changes_but_not_its_claim_and_not_its_id(api: Api, database: Database) -> None:
    add(api)
    path = "/v1/topics/nato-enlargement"
    changed = api.client.patch(path, json={"name": "NATO's growth", "aliases": ["accession"]}).json()
    assert (changed["id"], changed["name"], changed["aliases"]) == ("nato-enlargement", "NATO's growth", ["accession"])
    assert changed["changed_at"] > changed["created_at"]
    assert api.client.patch(path, json={"name": "NATO's growth"}).json() == changed, "nothing new changes nothing"
    refused = problem(api.client.patch(path, json={"claim": "Nobody should."}), 422, "invalid")
    assert refused["errors"][0]["field"] == "claim"
    problem(api.client.patch(path, json={}), 422, "invalid")
    problem(api.client.patch("/v1/topics/none", json={"name": "x"}), 404, "not_found")


def test_a_retired_topic_is_read_for_no_more_and_may_come_back(api: Api, database: Database) -> None:
    add(api)
    path = "/v1/topics/nato-enlargement"
    assert [api.client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert store.active(database) == ()
    assert api.client.get(path).json()["retired_at"] is not None
    assert [one["id"] for one in api.client.get("/v1/topics", params={"state": "active"}).json()["items"]] == []
    assert [one["id"] for one in api.client.get("/v1/topics", params={"state": "retired"}).json()["items"]] == [
        "nato-enlargement"
    ]
    problem(add(api), 409, "topic_exists")
    assert api.client.patch(path, json={"retired": False}).json()["retired_at"] is None
    assert len(store.active(database)) == 1
    problem(api.client.delete("/v1/topics/none"), 404, "not_found")


def test_topics_come_in_pages(api: Api) -> None:
    for name in "fbdace":
        add(api, name=name)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.client.get("/v1/topics", params={"limit": 4, **cursor}).json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == list("abcdef")


def test_there_is_a_limit_of_topics_and_of_aliases(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, topics={"active": 2, "aliases": 3})
    assert [add(api, name=name).status_code for name in "ab"] == [201, 201]
    problem(add(api, name="c"), 409, "too_many_topics")
    api.client.delete("/v1/topics/a")
    assert add(api, name="c").status_code == 201
    problem(api.client.patch("/v1/topics/a", json={"retired": False}), 409, "too_many_topics")
    for answer in (add(api, aliases=list("wxyz")), api.client.patch("/v1/topics/a", json={"aliases": list("wxyz")})):
        assert problem(answer, 422, "invalid")["errors"][0]["field"] == "aliases"


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("name", "", "name"),
        ("name", "…", "name"),
        ("name", "x" * 201, "name"),
        ("aliases", ["NATO", "!"], "aliases.1"),
        ("aliases", ["x" * 101], "aliases.0"),
        ("aliases", "NATO", "aliases"),
        ("claim", " ", "claim"),
        ("claim", None, "claim"),
        ("colour", "red", "colour"),
    ],
)
def test_a_bad_field_is_named(shared_api: tuple[Api, Database], field: str, value: object, named: str) -> None:
    body = problem(add(shared_api[0], **{field: value}), 422, "invalid")
    assert [error["field"] for error in body["errors"]] == [named]


@pytest.mark.parametrize(
    ("name", "expected"), [("Łódź: tram & bus", "lodz-tram-and-bus"), ("北京", "topic-"), ("x" * 200, "x" * 63)]
)
def test_an_id_is_made_of_the_name(name: str, expected: str) -> None:
    assert store.identifier(name).startswith(expected)
    assert len(store.identifier(name)) <= 63


def test_the_command_line_does_the_same(sqlite_database: Database) -> None:
    runner = CliRunner(env={"STANCEWIRE_DATABASE_URL": address(sqlite_database), "COLUMNS": "200"})

    def run(*arguments: str) -> str:
        ended = runner.invoke(build(), ["topics", *arguments])
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    added = run(
        "add", "NATO enlargement", "--alias", "NATO", "--alias", "accession", "--claim", "Ukraine should join NATO."
    )
    assert added == "nato-enlargement\n"
    assert "NATO, accession" in run("list")
    assert json.loads(run("show", "nato-enlargement"))["aliases"] == ["NATO", "accession"]
    assert run("retire", "nato-enlargement") == "nato-enlargement: retired\n"
    assert run("list", "--json") == ""
    assert json.loads(run("list", "--all", "--json"))["id"] == "nato-enlargement"
    refused = runner.invoke(build(), ["topics", "add", "x", "--alias", "!", "--claim", "y"])
    assert refused.exit_code == 2
    assert "aliases.0" in refused.output
