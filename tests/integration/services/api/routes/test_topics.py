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
from tests.support.api import Api, assert_problem, url_of

NATO = {
    "name": "NATO enlargement",
    "aliases": ["NATO", "eastern expansion", "NATO"],
    "claim": "Ukraine should join NATO.",
}


def add_topic(api: Api, **fields: Any) -> httpx.Response:
    return api.client.post("/v1/topics", json=NATO | fields)


def test_added_topic_is_active(api: Api, database: Database) -> None:
    response = add_topic(api)
    assert (response.status_code, response.headers["Location"]) == (201, "/v1/topics/nato-enlargement")
    topic = response.json()
    assert (topic["id"], topic["aliases"], topic["retired_at"]) == (
        "nato-enlargement",
        ["NATO", "eastern expansion"],
        None,
    )
    assert api.client.get(response.headers["Location"]).json() == topic
    assert [(active.id, active.claim) for active in store.active(database)] == [("nato-enlargement", NATO["claim"])]
    problem = assert_problem(add_topic(api, name="Nato  Enlargement!"), 409, "topic_exists")
    assert "nato-enlargement" in problem["detail"]


def test_topic_changes_except_its_claim_and_its_id(api: Api, database: Database) -> None:
    add_topic(api)
    path = "/v1/topics/nato-enlargement"
    changed = api.client.patch(path, json={"name": "NATO's growth", "aliases": ["accession"]}).json()
    assert (changed["id"], changed["name"], changed["aliases"]) == ("nato-enlargement", "NATO's growth", ["accession"])
    assert changed["changed_at"] > changed["created_at"]
    assert api.client.patch(path, json={"name": "NATO's growth"}).json() == changed, "an equal name is not a change"
    problem = assert_problem(api.client.patch(path, json={"claim": "Nobody should."}), 422, "invalid")
    assert problem["errors"][0]["field"] == "claim"
    assert_problem(api.client.patch(path, json={}), 422, "invalid")
    assert_problem(api.client.patch("/v1/topics/none", json={"name": "x"}), 404, "not_found")


def test_retired_topic_is_inactive_until_it_is_resumed(api: Api, database: Database) -> None:
    add_topic(api)
    path = "/v1/topics/nato-enlargement"
    assert [api.client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert store.active(database) == ()
    assert api.client.get(path).json()["retired_at"] is not None
    assert [topic["id"] for topic in api.client.get("/v1/topics", params={"state": "active"}).json()["items"]] == []
    assert [topic["id"] for topic in api.client.get("/v1/topics", params={"state": "retired"}).json()["items"]] == [
        "nato-enlargement"
    ]
    assert_problem(add_topic(api), 409, "topic_exists")
    assert api.client.patch(path, json={"retired": False}).json()["retired_at"] is None
    assert len(store.active(database)) == 1
    assert_problem(api.client.delete("/v1/topics/none"), 404, "not_found")


def test_pages_contain_each_topic_once(api: Api) -> None:
    for name in "fbdace":
        add_topic(api, name=name)
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.client.get("/v1/topics", params={"limit": 4, **cursor}).json()
        ids += [topic["id"] for topic in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert ids == list("abcdef")


def test_active_topics_and_aliases_are_limited(sqlite_database: Database, serve: Serve) -> None:
    api = serve(sqlite_database, topics={"active": 2, "aliases": 3})
    assert [add_topic(api, name=name).status_code for name in "ab"] == [201, 201]
    assert_problem(add_topic(api, name="c"), 409, "too_many_topics")
    api.client.delete("/v1/topics/a")
    assert add_topic(api, name="c").status_code == 201
    assert_problem(api.client.patch("/v1/topics/a", json={"retired": False}), 409, "too_many_topics")
    for answer in (
        add_topic(api, aliases=list("wxyz")),
        api.client.patch("/v1/topics/a", json={"aliases": list("wxyz")}),
    ):
        assert assert_problem(answer, 422, "invalid")["errors"][0]["field"] == "aliases"


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
def test_invalid_field_is_named_in_the_error(
    shared_api: tuple[Api, Database], field: str, value: object, named: str
) -> None:
    body = assert_problem(add_topic(shared_api[0], **{field: value}), 422, "invalid")
    assert [error["field"] for error in body["errors"]] == [named]


@pytest.mark.parametrize(
    ("name", "expected"), [("Łódź: tram & bus", "lodz-tram-and-bus"), ("北京", "topic-"), ("x" * 200, "x" * 63)]
)
def test_id_is_derived_from_the_name(name: str, expected: str) -> None:
    assert store.identifier(name).startswith(expected)
    assert len(store.identifier(name)) <= 63


def test_commands_add_show_and_retire_topics(sqlite_database: Database) -> None:
    runner = CliRunner(env={"STANCEWIRE_DATABASE_URL": url_of(sqlite_database), "COLUMNS": "200"})

    def run(*arguments: str) -> str:
        result = runner.invoke(build(), ["topics", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    added = run(
        "add", "NATO enlargement", "--alias", "NATO", "--alias", "accession", "--claim", "Ukraine should join NATO."
    )
    assert added == "nato-enlargement\n"
    assert "NATO, accession" in run("list")
    assert json.loads(run("show", "nato-enlargement"))["aliases"] == ["NATO", "accession"]
    assert run("retire", "nato-enlargement") == "nato-enlargement: retired\n"
    assert run("list", "--json") == ""
    assert json.loads(run("list", "--all", "--json"))["id"] == "nato-enlargement"
    result = runner.invoke(build(), ["topics", "add", "x", "--alias", "!", "--claim", "y"])
    assert result.exit_code == 2
    assert "aliases.0" in result.output
