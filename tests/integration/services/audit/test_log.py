"""Actions of administrators are recorded in the same transaction, and the records can be listed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from services.access import keys
from services.audit import log as audit
from services.caller import Scope, local
from services.database.engine import Database
from services.jobs import actions
from tests.support.api import Api, assert_problem, complete_job, fail_job, make_key


def log(api: Api, **filters: Any) -> list[tuple[str, str, str]]:
    items = api.client.get("/v1/audit", params=filters).raise_for_status().json()["items"]
    return [(item["actor"], item["action"], item["subject"]) for item in items]


def test_each_action_is_recorded_with_its_actor(api: Api, database: Database) -> None:
    actor = f"key:{api.key.split('_')[1]}"
    key = api.client.post("/v1/keys", json={"name": "the wire", "scopes": ["read"], "feeds": "*"}).json()["id"]
    api.client.delete(f"/v1/keys/{key}")
    api.client.post("/v1/feeds", json={"name": "wire"})
    api.client.patch("/v1/feeds/wire", json={"queued_limit": 9})
    failed, canceled, withdrawn = (api.push_id(f"Story {number}.", feed="wire") for number in range(3))
    fail_job(database, failed)
    api.client.post(f"/v1/jobs/{failed}:retry")
    fail_job(database, failed)
    api.client.post(f"/v1/jobs/{failed}:drop")
    api.client.delete(f"/v1/jobs/{canceled}")
    article = api.client.get(f"/v1/jobs/{withdrawn}").json()["metadata"]["article_id"]
    api.client.post(f"/v1/articles/{article}:withdraw")
    entries = [
        (actor, "key.create", key),
        (actor, "key.revoke", key),
        (actor, "feed.add", "wire"),
        (actor, "feed.set", "wire"),
        (actor, "job.retry", str(failed)),
        (actor, "job.drop", str(failed)),
        (actor, "job.cancel", str(canceled)),
        (actor, "article.withdraw", article),
    ]
    assert log(api, actor=actor) == entries[::-1]
    assert log(api, subject=str(failed)) == [entries[5], entries[4]]
    assert log(api, action="feed.set") == [entries[3]]
    [change] = api.client.get("/v1/audit", params={"action": "feed.set"}).json()["items"]
    assert change["detail"] == {"queued_limit": [None, 9]}


def test_refused_action_is_not_recorded(api: Api, database: Database) -> None:
    job_id = api.push_id("One.", feed="wire")
    complete_job(database, job_id)
    before = log(api)
    other_feed_client = api.client_of(make_key(database, Scope.INGEST, feeds=("other",)))
    assert api.client.delete(f"/v1/jobs/{job_id}").status_code == 409
    assert api.client.post(f"/v1/jobs/{job_id}:retry").status_code == 409
    assert other_feed_client.delete(f"/v1/jobs/{job_id}").status_code == 404
    entries = [entry for entry in log(api) if entry not in before]
    assert {action for _, action, _ in entries} == {"key.create", "feed.add"}, "the key that this test made"


def test_action_that_cannot_be_recorded_is_rolled_back(database: Database) -> None:
    key, _ = keys.create(database, name="a", scopes=[Scope.READ], feeds=None, by=local())
    with database.write() as connection:
        connection.execute(text("ALTER TABLE audit_log RENAME TO away"))
    with pytest.raises(Exception, match="audit_log"):
        keys.revoke(database, key.id, local())
    with database.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO audit_log"))
    [stored] = keys.list_keys(database)
    assert stored.revoked_at is None


def test_shell_user_is_recorded_as_actor(api: Api, database: Database) -> None:
    job_id = api.push_id("One.")
    actions.cancel(database, job_id)
    [entry] = audit.entries(database, subject=str(job_id), limit=10)
    assert entry.actor.startswith("shell:")
    assert entry.detail == {"feed": "default", "state": "queued"}


def test_entries_are_listed_page_by_page(api: Api) -> None:
    for number in range(5):
        api.client.post("/v1/feeds", json={"name": f"feed-{number}"})
    subjects: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.client.get("/v1/audit", params={"limit": 2, "action": "feed.add", **cursor}).json()
        subjects += [item["subject"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert subjects == [f"feed-{number}" for number in range(4, -1, -1)]
    assert (
        assert_problem(api.client.get("/v1/audit", params={"cursor": "nonsense"}), 422, "invalid")["errors"][0]["field"]
        == "cursor"
    )
