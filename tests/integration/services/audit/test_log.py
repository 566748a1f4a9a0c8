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


def log(api: Api, **asked: Any) -> list[tuple[str, str, str]]:
    items = api.client.get("/v1/audit", params=asked).raise_for_status().json()["items"]
    return [(item["actor"], item["action"], item["subject"]) for item in items]


def test_each_act_is_noted_with_who_did_it(api: Api, database: Database) -> None:
    me = f"key:{api.key.split('_')[1]}"
    key = api.client.post("/v1/keys", json={"name": "the wire", "scopes": ["read"], "feeds": "*"}).json()["id"]
    api.client.delete(f"/v1/keys/{key}")
    api.client.post("/v1/feeds", json={"name": "wire"})
    api.client.patch("/v1/feeds/wire", json={"queued_limit": 9})
    failed, canceled, stays = (api.push_id(f"Story {number}.", feed="wire") for number in range(3))
    fail_job(database, failed)
    api.client.post(f"/v1/jobs/{failed}:retry")
    fail_job(database, failed)
    api.client.post(f"/v1/jobs/{failed}:drop")
    api.client.delete(f"/v1/jobs/{canceled}")
    article = api.client.get(f"/v1/jobs/{stays}").json()["metadata"]["article_id"]
    api.client.post(f"/v1/articles/{article}:withdraw")
    acts = [
        (me, "key.create", key),
        (me, "key.revoke", key),
        (me, "feed.add", "wire"),
        (me, "feed.set", "wire"),
        (me, "job.retry", str(failed)),
        (me, "job.drop", str(failed)),
        (me, "job.cancel", str(canceled)),
        (me, "article.withdraw", article),
    ]
    assert log(api, actor=me) == acts[::-1]
    assert log(api, subject=str(failed)) == [acts[5], acts[4]]
    assert log(api, action="feed.set") == [acts[3]]
    [change] = api.client.get("/v1/audit", params={"action": "feed.set"}).json()["items"]
    assert change["detail"] == {"queued_limit": [None, 9]}


def test_what_was_not_done_is_not_noted(api: Api, database: Database) -> None:
    job_id = api.push_id("One.", feed="wire")
    complete_job(database, job_id)
    before = log(api)
    mine = api.client_of(make_key(database, Scope.INGEST, feeds=("mine",)))
    assert api.client.delete(f"/v1/jobs/{job_id}").status_code == 409
    assert api.client.post(f"/v1/jobs/{job_id}:retry").status_code == 409
    assert mine.delete(f"/v1/jobs/{job_id}").status_code == 404
    acts = [act for act in log(api) if act not in before]
    assert {action for _, action, _ in acts} == {"key.create", "feed.add"}, "the key that this test made"


def test_an_act_that_cannot_be_noted_is_not_done(database: Database) -> None:
    key, _ = keys.create(database, name="a", scopes=[Scope.READ], feeds=None, by=local())
    with database.write() as connection:
        connection.execute(text("ALTER TABLE audit_log RENAME TO away"))
    with pytest.raises(Exception, match="audit_log"):
        keys.revoke(database, key.id, local())
    with database.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO audit_log"))
    [stored] = keys.list_keys(database)
    assert stored.revoked_at is None


def test_somebody_with_a_shell_is_named(api: Api, database: Database) -> None:
    job_id = api.push_id("One.")
    actions.cancel(database, job_id)
    [entry] = audit.entries(database, subject=str(job_id), limit=10)
    assert entry.actor.startswith("shell:")
    assert entry.detail == {"feed": "default", "state": "queued"}


def test_the_log_is_read_page_by_page(api: Api) -> None:
    for number in range(5):
        api.client.post("/v1/feeds", json={"name": f"feed-{number}"})
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.client.get("/v1/audit", params={"limit": 2, "action": "feed.add", **cursor}).json()
        seen += [item["subject"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"feed-{number}" for number in range(4, -1, -1)]
    assert (
        assert_problem(api.client.get("/v1/audit", params={"cursor": "nonsense"}), 422, "invalid")["errors"][0]["field"]
        == "cursor"
    )
