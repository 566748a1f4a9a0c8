from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from services.caller import local
from services.database.engine import Database
from services.feeds import refusals
from services.feeds import store as feed_store
from services.sources import store
from services.sources.records import SourceKind
from tests.support.api import Api, assert_problem, count_articles
from tests.support.signing import hex_signature, standard_headers
from tests.support.sources import add_source, stored_articles

ITEM = {
    "guid": "urn:newsml:1", "type": "text", "headline": "Mayor says no", "version": "1", "pubstatus": "usable",
    "body_html": "<p>Mayor Ida Berg said the plan was reckless.</p>",
}  # fmt: skip
ARTICLE = {"guid": "1", "title": "Mayor says no", "body": "Mayor Ida Berg said the plan was reckless."}


def secret_of(database: Database, kind: SourceKind) -> str:
    """Add a source and return its secret."""
    source = add_source(database, kind)
    [secret] = [secret for other, secret in store.with_secrets(database, "wire", kind) if other.id == source.id]
    return secret


def push_signed(api: Api, secret: str, content: object, path: str = "/v1/push/wire", **signing: Any) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return api.client_of(None).post(path, content=body, headers=standard_headers(secret, body, **signing))


def push_superdesk(api: Api, secret: str, content: object) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "x-superdesk-signature": hex_signature(secret, body)}
    return api.client_of(None).post("/v1/push/superdesk/wire", content=body, headers=headers)


def refused(api: Api, database: Database) -> list[refusals.Refusal]:
    api.app.state.services.recorder.flush()
    return refusals.list_refusals(database, "wire", 50)


def test_signed_push_is_accepted_into_its_feed_like_one_with_a_key(api: Api, database: Database) -> None:
    secret = secret_of(database, SourceKind.SIGNED)
    answer = push_signed(api, secret, ARTICLE)
    assert (answer.status_code, answer.json()["metadata"]["feed"]) == (202, "wire")
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    repeated = push_signed(api, secret, ARTICLE)
    assert (repeated.status_code, repeated.json()["id"]) == (200, answer.json()["id"])
    batch = push_signed(api, secret, [ARTICLE, ARTICLE | {"guid": "2"}], message_id="msg_2")
    assert [item["status"] for item in batch.json()["items"]] == [200, 202]


def test_message_id_that_was_used_with_another_body_is_refused(sqlite_api: Api, sqlite_database: Database) -> None:
    secret = secret_of(sqlite_database, SourceKind.SIGNED)
    push_signed(sqlite_api, secret, ARTICLE)
    assert_problem(push_signed(sqlite_api, secret, ARTICLE | {"guid": "2"}), 422, "idempotency_key_reused")


def test_article_that_names_another_feed_is_refused(sqlite_api: Api, sqlite_database: Database) -> None:
    secret = secret_of(sqlite_database, SourceKind.SIGNED)
    assert_problem(push_signed(sqlite_api, secret, ARTICLE | {"feed": "other"}), 403, "feed_forbidden")


def test_push_that_is_not_signed_by_the_feed_is_refused(sqlite_api: Api, sqlite_database: Database) -> None:
    secret = secret_of(sqlite_database, SourceKind.SIGNED)
    other = store.new_secret(SourceKind.SIGNED)
    client = sqlite_api.client_of(None)
    assert_problem(client.post("/v1/push/wire", json=ARTICLE), 401, "signature_invalid")
    assert_problem(push_signed(sqlite_api, other, ARTICLE), 401, "signature_invalid")
    assert_problem(push_signed(sqlite_api, secret, ARTICLE, "/v1/push/other"), 401, "signature_invalid")
    old = push_signed(sqlite_api, secret, ARTICLE, at=int(time.time()) - 301)
    assert "more than 300 s away" in assert_problem(old, 401, "signature_expired")["detail"]
    assert count_articles(sqlite_database) == 0
    assert {refusal.code for refusal in refused(sqlite_api, sqlite_database)} == {
        "signature_invalid",
        "signature_expired",
    }


def test_secret_can_be_changed_without_a_gap(sqlite_api: Api, sqlite_database: Database) -> None:
    first = secret_of(sqlite_database, SourceKind.SIGNED)
    second = secret_of(sqlite_database, SourceKind.SIGNED)
    assert push_signed(sqlite_api, first, ARTICLE).status_code == 202
    assert push_signed(sqlite_api, second, ARTICLE | {"guid": "2"}).status_code == 202


def test_sender_that_fails_often_is_refused_for_a_while(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, access={"failures_per_s": 0.001})
    codes = [api.client_of(None).post("/v1/push/wire", json=ARTICLE).status_code for _ in range(2)]
    assert codes == [401, 429]
    superdesk = api.client_of(None).post("/v1/push/superdesk/wire", json=ITEM)
    assert superdesk.status_code == 503, "Superdesk would drop the item at 429"


def test_item_of_superdesk_is_accepted_with_201(api: Api, database: Database) -> None:
    secret = secret_of(database, SourceKind.SUPERDESK)
    answer = push_superdesk(api, secret, ITEM)
    assert (answer.status_code, len(answer.json()["jobs"])) == (201, 1)
    assert stored_articles(database) == [("urn:newsml:1", "Mayor says no")]


@pytest.mark.parametrize("content", [b"{broken", b"[]x", {"guid": "1", "type": "text", "body_html": 5}, {"hello": 1}])
def test_what_superdesk_sent_and_cannot_be_read_is_kept(
    sqlite_api: Api, sqlite_database: Database, content: object
) -> None:
    secret = secret_of(sqlite_database, SourceKind.SUPERDESK)
    answer = push_superdesk(sqlite_api, secret, content)
    assert (answer.status_code, answer.json()["jobs"]) == (201, [])
    [refusal] = refused(sqlite_api, sqlite_database)
    assert refusal.detail == answer.json()["kept"][0]
    document = sqlite_api.client.get(f"/v1/feeds/wire/refusals/{refusal.id}/document")
    assert document.content == (content if isinstance(content, bytes) else json.dumps(content).encode())


def test_picture_of_superdesk_is_accepted_without_being_kept(sqlite_api: Api, sqlite_database: Database) -> None:
    secret = secret_of(sqlite_database, SourceKind.SUPERDESK)
    answer = push_superdesk(
        sqlite_api, secret, {k: v for k, v in ITEM.items() if k != "body_html"} | {"type": "picture"}
    )
    assert answer.status_code == 201
    [refusal] = refused(sqlite_api, sqlite_database)
    assert (refusal.code, refusal.size) == ("no_text", None)


def test_superdesk_repeats_what_may_succeed_later(sqlite_api: Api, sqlite_database: Database) -> None:
    assert_problem(push_superdesk(sqlite_api, "a secret that is not known", ITEM), 503, "signature_invalid")
    secret = secret_of(sqlite_database, SourceKind.SUPERDESK)
    assert_problem(push_superdesk(sqlite_api, "another secret", ITEM), 503, "signature_invalid")
    feed_store.change(sqlite_database, "wire", {"queued_limit": 0}, local())
    refusal = push_superdesk(sqlite_api, secret, ITEM)
    assert_problem(refusal, 503, "feed_queue_full")
    assert int(refusal.headers["retry-after"]) > 0


def test_superdesk_is_told_that_pictures_are_here(sqlite_api: Api) -> None:
    client = sqlite_api.client_of(None)
    assert client.get("/v1/push/superdesk/wire/assets/urn:newsml:2026/picture.jpg").status_code == 200
    assert client.post("/v1/push/superdesk/wire/assets", files={"media": b"JPEG"}).status_code == 201


def test_key_does_not_replace_a_signature(sqlite_api: Api) -> None:
    assert_problem(sqlite_api.client.post("/v1/push/wire", json=ARTICLE), 401, "signature_invalid")


def test_callback_of_characters_that_none_has_is_invalid_on_every_database(api: Api) -> None:
    for callback in ("a%00b", "ä", "a%20b", "a.b"):
        assert_problem(api.client.post(f"/v1/push/websub/{callback}", content=b"<feed/>"), 422, "invalid")
    assert_problem(api.client.post("/v1/push/websub/unknown", content=b"<feed/>"), 410, "subscription_ended")
