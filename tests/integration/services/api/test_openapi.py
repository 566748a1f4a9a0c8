"""The OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from services.caller import local
from services.contracts import Article
from services.contracts.event import EventType
from services.database.engine import Database
from services.jobs import actions
from tests.support.api import Api, complete_job
from tests.support.ledger import article, push
from tests.support.webhooks import add_webhook, push_job, run_deliverer, run_receiver, wait_for


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_openapi_document_is_valid(sqlite_api: Api) -> None:
    from jsonschema import Draft202012Validator  # takes seconds, which the collection of tests does not wait for

    document = sqlite_api.client.get("/openapi.json").raise_for_status().json()
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Stancewire"
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["responses"] for operation in operations)


def test_openapi_document_describes_articles_and_errors(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/openapi.json").json()
    push = document["paths"]["/v1/articles"]["post"]
    bodies = push["requestBody"]["content"]
    article = {"$ref": "#/components/schemas/Article"}
    assert bodies["application/json"]["schema"] == article
    assert {"application/xml", "text/html", "text/plain", "application/rss+xml", "application/ld+json"} < set(bodies)
    assert bodies["application/octet-stream"]["schema"]["format"] == "binary"
    lists = document["paths"]["/v1/articles:batch"]["post"]["requestBody"]["content"]
    assert list(lists) == ["application/x-ndjson", "application/json"]
    assert lists["application/json"]["schema"]["items"] == article
    assert set(document["components"]["schemas"]["Article"]["properties"]) == set(
        Article.model_json_schema(by_alias=True)["properties"]
    )
    assert {"200", "202", "400", "413", "415", "422", "429", "503"} <= set(push["responses"])
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")) and "Health" not in json.dumps(response):
                    problem = response.get("content", {}).get("application/problem+json", {}).get("schema")
                    assert status == "410" or problem == {"$ref": "#/components/schemas/Problem"}, (
                        operation["operationId"],
                        status,
                    )


def test_openapi_document_describes_each_message_that_webhooks_are_sent(
    sqlite_api: Api, sqlite_database: Database
) -> None:
    from jsonschema import Draft202012Validator  # takes seconds, which the collection of tests does not wait for

    document = sqlite_api.client.get("/openapi.json").json()
    assert set(document["webhooks"]) == set(EventType)
    components = {"components": document["components"]}
    with run_receiver() as receiver:
        _, receiver.secret = add_webhook(sqlite_database, receiver.url)
        article_id = push(sqlite_database, article())[0].article_id
        complete_job(sqlite_database, push_job(sqlite_database, "Another story."))
        actions.withdraw(sqlite_database, article_id, local())
        with run_deliverer(sqlite_database):
            wait_for(lambda: len(receiver.messages) == 2)
    assert set(receiver.types) == {"result.ready", "result.withdrawn"}
    for message in receiver.messages:
        operation = document["webhooks"][message["type"]]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, **components}).validate(message)
        assert {"webhook-id", "webhook-timestamp", "webhook-signature"} == {
            parameter["name"] for parameter in operation["parameters"]
        }
