"""``/v1/webhooks`` and ``/v1/watches``: their life over HTTP, who sees them, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.audit import log
from services.caller import Scope
from services.database.engine import Database
from services.webhooks.distribution import distribute
from tests.integration.conftest import Serve
from tests.support.api import Api, assert_problem, complete_job, make_key
from tests.support.webhooks import QUICK, set_deliveries, webhook_settings

URL = "https://receiver.example/hook"


@pytest.fixture
def hooks(database: Database, serve: Serve) -> Api:
    return serve(database, webhooks=QUICK | {"plain_http": False, "per_key": 2}, watches={"per_webhook": 1})


def create(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/webhooks", json={"url": URL, **fields})
    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    created: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/v1/webhooks/{created['id']}"
    return created


def test_a_webhook_lives_from_creation_to_deletion(hooks: Api, database: Database) -> None:
    client = hooks.client
    created = create(client, description="ours", events=["result.ready"])
    path = f"/v1/webhooks/{created['id']}"
    assert created["secret"].startswith("whsec_")
    seen = client.get(path).json()
    assert seen == {name: value for name, value in created.items() if name != "secret"}
    assert (seen["events"], seen["feeds"], seen["disabled_at"]) == (["result.ready"], "*", None)
    assert client.get("/v1/webhooks").json() == {"items": [seen], "next": None}

    changed = client.patch(path, json={"events": [], "enabled": False}).json()
    assert (changed["events"], changed["disabled_reason"]) == ([], "request")
    assert_problem(client.post(f"{path}:test"), 409, "webhook_disabled")
    client.patch(path, json={"enabled": True, "events": ["result.ready"]})
    rotated = client.post(f"{path}:rotate", json={"overlap_s": 60}).json()
    assert rotated["secret"] != created["secret"]
    assert rotated["rotating_until"] is not None

    test = client.post(f"{path}:test")
    assert (test.status_code, test.json()["body"]["type"]) == (202, "webhook.test")
    job_id = hooks.push_id()
    complete_job(database, job_id)
    distribute(database, webhook_settings())
    listed = client.get(f"{path}/deliveries", params={"limit": 1}).json()
    [delivery] = listed["items"]
    assert (delivery["type"], delivery["state"], delivery["job_id"]) == ("result.ready", "pending", str(job_id))
    older = client.get(f"{path}/deliveries", params={"limit": 1, "cursor": listed["next"]}).json()
    assert [each["id"] for each in older["items"]] == [test.json()["id"]]
    shown = client.get(f"{path}/deliveries/{delivery['id']}").json()
    assert shown["body"]["data"]["job_id"] == str(job_id)

    set_deliveries(database, state="failed", finished_at=1)
    again = client.post(f"{path}/deliveries/{delivery['id']}:redeliver").json()
    assert (again["id"], again["state"]) == (delivery["id"], "pending")
    assert client.post(f"{path}/deliveries:redeliver", json={"since": "2020-01-01T00:00:00Z"}).json() == {
        "changed": 1,
        "more": False,
    }
    client.post(f"/v1/articles/{shown['article_id']}:withdraw").raise_for_status()
    assert_problem(client.post(f"{path}/deliveries/{delivery['id']}:redeliver"), 409, "article_withdrawn")
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404, "not_found")
    actions = {entry.action for entry in log.entries(database, subject=created["id"], limit=50)}
    assert actions == {f"webhook.{verb}" for verb in ("create", "change", "rotate", "test", "redeliver", "delete")}


def test_a_watch_lives_from_creation_to_deletion(hooks: Api) -> None:
    client = hooks.client
    webhook_id = create(client)["id"]
    new = {"webhook_id": webhook_id, "name": "Against", "filters": {"target": "Tarva Bank", "stance": "oppose"}}
    created = client.post("/v1/watches", json=new)
    watch = created.json()
    path = created.headers["location"]
    assert created.status_code == 201
    assert watch["search"] == "/v1/stances?stance=oppose&target=Tarva+Bank"
    assert client.get(watch["search"]).status_code == 200
    assert client.get(path).json() == watch
    assert client.get("/v1/watches", params={"webhook_id": webhook_id}).json()["items"] == [watch]
    assert_problem(client.post("/v1/watches", json=new), 409, "too_many_watches")
    changed = client.patch(path, json={"paused": True, "filters": {"target": "Norvane", "from": "2026-11-01"}}).json()
    assert changed["filters"] == {"target": "Norvane", "from": "2026-11-01T00:00:00Z"}
    assert changed["paused_at"] is not None
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404, "not_found")


def test_a_key_sees_its_own_webhooks_and_an_administrator_all(hooks: Api, database: Database) -> None:
    wire = hooks.client_of(make_key(database, Scope.READ, feeds=("wire",)))
    other = hooks.client_of(make_key(database, Scope.READ))
    created = create(wire)
    assert created["feeds"] == ["wire"]
    path = f"/v1/webhooks/{created['id']}"
    assert hooks.client.get(path).status_code == 200
    watch = {"webhook_id": created["id"], "name": "w", "filters": {"target": "x"}}
    for response in (
        other.get(path),
        other.patch(path, json={"enabled": False}),
        other.delete(path),
        other.post(f"{path}:rotate"),
        other.get(f"{path}/deliveries"),
        other.post("/v1/watches", json=watch),
    ):
        assert_problem(response, 404, "not_found")
    assert other.get("/v1/webhooks").json()["items"] == []
    refused = wire.post("/v1/webhooks", json={"url": URL, "feeds": ["wire", "paper"]})
    assert assert_problem(refused, 422, "invalid")["errors"][0]["field"] == "feeds"
    create(wire)
    assert_problem(wire.post("/v1/webhooks", json={"url": URL}), 409, "too_many_webhooks")
    pusher = hooks.client_of(make_key(database, Scope.INGEST))
    assert pusher.get("/v1/webhooks").status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://user:secret@receiver.example/",
        "https://receiver.example/#part",
        "https://receiver.example:99999/",
        "https:///path",
        "ftp://receiver.example/",
    ],
)
def test_an_address_that_nothing_may_be_sent_to_is_refused(shared_api: tuple[Api, Database], url: str) -> None:
    refused = assert_problem(shared_api[0].client.post("/v1/webhooks", json={"url": url}), 422, "invalid")
    assert [error["field"] for error in refused["errors"]] == ["url"]


def test_readyz_misses_a_deliverer_once_there_is_a_webhook(hooks: Api) -> None:
    assert "webhooks" not in hooks.client.get("/readyz").json()["checks"]
    create(hooks.client)
    assert "no deliverer" in hooks.client.get("/readyz").json()["checks"]["webhooks"]
