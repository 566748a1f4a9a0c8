"""The request of each call that manages webhooks, watches and sources, or searches for names and stories."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.client import FeedSource
from tests.support.answers import AnsweringService

ID, OTHER = str(UUID(int=1)), str(UUID(int=2))
AT = "2026-11-23T20:15:02Z"
HOOK: dict[str, Any] = {
    "id": ID, "url": "https://r.example", "description": "", "events": [], "feeds": "*", "created_at": AT,
    "created_by": "key", "rotating_until": None, "disabled_at": None, "disabled_reason": None, "failing_since": None,
    "delivered_at": None,
}  # fmt: skip
WATCH: dict[str, Any] = {
    "id": ID, "webhook_id": OTHER, "name": "w", "kind": "stances", "filters": {}, "search": "/v1/stances",
    "created_at": AT, "created_by": "key", "paused_at": None, "matches": 0, "matched_at": None,
}  # fmt: skip
DELIVERY = {
    "id": ID, "type": "webhook.test", "state": "pending", "attempts": 0, "watch_id": None, "job_id": None,
    "article_id": None, "created_at": AT, "next_at": AT, "expires_at": AT, "attempted_at": None, "finished_at": None,
    "status": None, "error": None,
}  # fmt: skip
SOURCE = {
    "id": "0123456789ab", "feed": "wire", "kind": "websub", "state": "ending", "url": None, "push_url": None,
    "every_s": None, "pages": False, "failures": 0, "error": None, "hub": None, "topic": None, "lease_until": None,
    "next_at": None, "checked_at": None, "pushed_at": None, "created_at": AT, "created_by": "key",
}  # fmt: skip
HOOKS, WATCHES, SOURCES = "/v1/webhooks", "/v1/watches", "/v1/feeds/wire/sources"
DELIVERIES = f"{HOOKS}/{ID}/deliveries"
Called = tuple[str, tuple[Any, ...], dict[str, Any]]

CHANGES: list[tuple[Called, Any, str, Any]] = [
    (("create_webhook", ("u",), {}), HOOK, f"POST {HOOKS}", {"url": "u", "description": ""}),
    (
        ("create_webhook", ("https://r.example",), {"events": {"job.dead"}, "feeds": ("wire",), "description": "d"}),
        HOOK,
        f"POST {HOOKS}",
        {"url": "https://r.example", "description": "d", "events": ["job.dead"], "feeds": ["wire"]},
    ),
    (("change_webhook", (ID,), {"enabled": False}), HOOK, f"PATCH {HOOKS}/{ID}", {"enabled": False}),
    (("change_webhook", (ID,), {"events": ()}), HOOK, f"PATCH {HOOKS}/{ID}", {"events": []}),
    (("rotate_webhook", (UUID(ID),), {}), HOOK, f"POST {HOOKS}/{ID}:rotate", {}),
    (("rotate_webhook", (ID,), {"overlap_s": 60}), HOOK, f"POST {HOOKS}/{ID}:rotate", {"overlap_s": 60}),
    (("test_webhook", (ID,), {}), DELIVERY, f"POST {HOOKS}/{ID}:test", None),
    (("delete_webhook", (ID,), {}), None, f"DELETE {HOOKS}/{ID}", None),
    (("redeliver", (ID, OTHER), {}), DELIVERY, f"POST {DELIVERIES}/{OTHER}:redeliver", None),
    (
        ("redeliver_failed", (ID,), {"since": datetime(2026, 11, 23, tzinfo=UTC), "limit": 5}),
        {"changed": 1, "more": False},
        f"POST {DELIVERIES}:redeliver",
        {"since": "2026-11-23T00:00:00+00:00", "limit": 5},
    ),
    (
        ("create_watch", (OTHER, "w", {"holder": "Ruiz", "since": date(2026, 11, 1), "feed": None}), {}),
        WATCH,
        f"POST {WATCHES}",
        {"webhook_id": OTHER, "name": "w", "kind": "stances", "filters": {"holder": "Ruiz", "from": "2026-11-01"}},
    ),
    (("change_watch", (ID,), {"paused": True}), WATCH, f"PATCH {WATCHES}/{ID}", {"paused": True}),
    (("change_watch", (ID,), {"filters": {}}), WATCH, f"PATCH {WATCHES}/{ID}", {"filters": {}}),
    (("delete_watch", (ID,), {}), None, f"DELETE {WATCHES}/{ID}", None),
    (
        ("create_source", ("wire", "poll"), {"url": "https://f.example/rss", "every_s": 600}),
        SOURCE | {"secret": None},
        f"POST {SOURCES}",
        {"kind": "poll", "url": "https://f.example/rss", "every_s": 600, "pages": False},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("called", "answer", "line", "body"), CHANGES, ids=lambda value: str(value)[:30])
def test_change_is_sent_once_with_the_fields_that_are_given(
    call: Callable[..., Any], called: Called, answer: Any, line: str, body: Any
) -> None:
    service = AnsweringService(httpx.Response(204) if answer is None else httpx.Response(200, json=answer))
    method, arguments, options = called
    returned = call(service, method, *arguments, **options)
    [request] = service.requests
    assert f"{request.method} {request.url.path}" == line
    assert (json.loads(request.content) if request.content else None) == body
    assert (returned is None) == (answer is None)


@pytest.mark.parametrize(
    ("called", "item", "target"),
    [
        (("webhooks", (), {}), HOOK, HOOKS),
        (("deliveries", (ID,), {"state": "failed", "event": "job.dead"}), DELIVERY,
         f"{DELIVERIES}?state=failed&type=job.dead"),
        (("watches", (), {"webhook_id": OTHER}), WATCH, f"{WATCHES}?webhook_id={OTHER}"),
        (("entities", ("norv",), {"type": "ORGANIZATION", "role": "target", "feed": "wire"}),
         {"name": "N", "type": "ORGANIZATION", "articles": 1, "as_speaker": 0, "as_holder": 0, "as_target": 1},
         "/v1/entities?q=norv&type=ORGANIZATION&role=target&feed=wire"),
    ],
)  # fmt: skip
def test_list_is_read_to_its_last_page(call: Callable[..., Any], called: Called, item: Any, target: str) -> None:
    pages = [httpx.Response(200, json={"items": [item], "next": following}) for following in ("c1", None)]
    service = AnsweringService(*pages)
    method, arguments, options = called
    assert len(call(service, method, *arguments, **options)) == 2
    first, second = (request.url for request in service.requests)
    expected = httpx.URL(target)
    assert (first.path, dict(first.params)) == (expected.path, dict(expected.params) | {"limit": "500"})
    assert second.params["cursor"] == "c1"


def test_story_is_the_list_of_its_copies(call: Callable[..., Any]) -> None:
    copy: dict[str, Any] = {
        "feed": "wire", "guid": "1", "title": None, "url": None, "published_at": None, "similarity": 0.9,
        "searched": True, "leads": False, "versions": [],
    }  # fmt: skip
    service = AnsweringService(httpx.Response(200, json={"id": ID, "copies": [copy], "next": None}))
    [read] = call(service, "story", ID)
    assert (service.requests[0].url.path, read.similarity) == (f"/v1/stories/{ID}", 0.9)


@pytest.mark.parametrize(
    ("called", "answer", "path"),
    [
        (("webhook", (ID,), {}), HOOK, f"{HOOKS}/{ID}"),
        (("delivery", (ID, OTHER), {}), DELIVERY | {"body": {"type": "webhook.test"}}, f"{DELIVERIES}/{OTHER}"),
        (("watch", (ID,), {}), WATCH, f"{WATCHES}/{ID}"),
        (("sources", ("wire",), {}), {"items": [SOURCE]}, SOURCES),
    ],
)
def test_one_of_them_is_fetched(call: Callable[..., Any], called: Called, answer: Any, path: str) -> None:
    service = AnsweringService(httpx.Response(200, json=answer))
    method, arguments, options = called
    assert call(service, method, *arguments, **options)
    assert (service.requests[0].method, service.requests[0].url.path) == ("GET", path)


def test_source_whose_hub_has_to_end_the_subscription_is_returned(call: Callable[..., Any]) -> None:
    service = AnsweringService(httpx.Response(202, json=SOURCE), httpx.Response(204))
    remaining = call(service, "delete_source", "wire", SOURCE["id"])
    assert isinstance(remaining, FeedSource)
    assert remaining.state == "ending"
    assert call(service, "delete_source", "wire", SOURCE["id"]) is None
    assert [request.url.path for request in service.requests] == [f"{SOURCES}/0123456789ab"] * 2
