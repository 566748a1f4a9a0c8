"""The clients against a real API: streams of results, webhooks, watches, sources, names and stories."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import anyio
import pytest

from services.client import AsyncClient, Client, Conflict, NotFound, RetryPolicy, Unauthenticated
from services.database.engine import Database
from tests.integration.conftest import Serve
from tests.support.api import Api, complete_job
from tests.support.copies import keys_of, long_text
from tests.support.speech import Statement, store_result

# Streams end soon, and clients connect again at once.
QUICK = {"heartbeat_s": 0.1, "poll_s": 0.02, "stream_s": 0.2}
SWAN = long_text("swan")
SAID = Statement("Ida Berg", "the tram is a mistake", target="Tarva Bank")
HOOK = "https://receiver.example/hook"


@pytest.fixture
def quick_api(sqlite_database: Database, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr("services.api.result_streams._RECONNECT_MS", 20)
    return serve(sqlite_database, api=QUICK)


@pytest.fixture
def client(quick_api: Api) -> Iterator[Client]:
    with Client(f"http://127.0.0.1:{quick_api.port}", quick_api.key, retries=RetryPolicy(attempts=1)) as connected:
        yield connected


def test_stream_has_each_item_once_although_the_service_ends_it_again_and_again(
    client: Client, quick_api: Api, sqlite_database: Database
) -> None:
    first, second = [client.push({"body": f"Story {number}.", "guid": str(number)}).id for number in range(2)]
    article_id = client.job(first).metadata.article_id
    complete_job(sqlite_database, first)
    with client.stream(embed=True) as stream:
        item = next(iter(stream))
        assert (item.guid, getattr(item, "result").text) == ("0", "Story 0.")  # noqa: B009 -- tombstones have none
        timer = threading.Timer(0.7, complete_job, (sqlite_database, second))
        timer.start()
        assert next(iter(stream)).guid == "1"
        timer.join()
        client.withdraw(article_id)
        assert next(iter(stream)).kind == "withdrawn"
    assert list(stream) == []

    async def read_again() -> list[str]:
        async with AsyncClient(f"http://127.0.0.1:{quick_api.port}", quick_api.key) as other:
            kinds = []
            async with other.stream(after=stream.cursor) as again:
                async for each in again:
                    kinds.append(each.kind)
                    break
            return kinds

    assert anyio.run(read_again) == ["withdrawn"], "it was not finished"
    with (
        Client(f"http://127.0.0.1:{quick_api.port}", "swk_unknown") as stranger,
        stranger.stream() as refused,
        pytest.raises(Unauthenticated),
    ):
        next(iter(refused))


def test_webhook_and_watch_live_from_creation_to_deletion(client: Client) -> None:
    created = client.create_webhook(HOOK, events=["job.dead"], description="desk")
    assert (created.secret or "").startswith("whsec_")
    changed = client.change_webhook(created.id, enabled=False)
    assert (changed.disabled_reason, changed.events, changed.secret) == ("request", ("job.dead",), None)
    with pytest.raises(Conflict, match="webhook_disabled"):
        client.test_webhook(created.id)
    client.change_webhook(created.id, enabled=True)
    rotated = client.rotate_webhook(created.id, overlap_s=60)
    assert rotated.secret not in (None, created.secret)
    sent = client.test_webhook(created.id)
    assert (client.delivery(created.id, sent.id).body or {})["type"] == "webhook.test"
    assert [each.id for each in client.deliveries(created.id, state="pending", event="webhook.test")] == [sent.id]
    assert client.redeliver(created.id, sent.id).id == sent.id
    assert client.redeliver_failed(created.id, since="2026-01-01T00:00:00Z").changed == 0

    watch = client.create_watch(created.id, "Berg", {"holder": "Berg", "min_score": 0.5})
    assert (watch.filters["holder"], watch.kind) == ("Berg", "stances")
    assert client.change_watch(watch.id, filters={"target": "Tarva"}, paused=True).paused_at is not None
    assert [each.filters for each in client.watches(webhook_id=created.id)] == [{"target": "Tarva"}]
    client.delete_watch(watch.id)
    with pytest.raises(NotFound):
        client.watch(watch.id)
    client.delete_webhook(created.id)
    assert list(client.webhooks()) == []


def test_source_is_created_listed_and_removed(client: Client) -> None:
    signed = client.create_source("wire", "signed")
    polled = client.create_source("wire", "poll", url="https://news.example/rss", every_s=300)
    assert ((signed.secret or "")[:6], polled.secret, polled.every_s) == ("whsec_", None, 300)
    assert [(each.id, each.secret) for each in client.sources("wire")] == [(signed.id, None), (polled.id, None)]
    assert client.delete_source("wire", polled.id) is None
    assert [each.id for each in client.sources("wire")] == [signed.id]


def test_names_and_copies_of_a_story_are_iterated_over(
    client: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for feed in ("wire", "paper", "radio"):
        store_result(sqlite_database, SAID, body=SWAN, feed=feed, keys=keys_of(SWAN))
    monkeypatch.setattr("services.client.pages._PAGE_ITEMS", 2)
    [stance] = client.stances(target="Tarva Bank")
    assert stance.story_id is not None
    assert [copy.feed for copy in client.story(stance.story_id)] == ["wire", "paper", "radio"]
    assert [copy.leads for copy in client.story(stance.story_id, limit=2)] == [True, False]
    assert [(item.name, item.as_target) for item in client.entities("tarv", role="target")] == [("Tarva Bank", 3)]
    assert list(client.entities("tarv", role="speaker")) == []
