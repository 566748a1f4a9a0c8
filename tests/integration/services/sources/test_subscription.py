"""The subscriber against Flask-WebSub: a hub that others wrote, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from services.caller import local
from services.database.engine import Database
from services.database.tables import sources
from services.feeds import refusals
from services.settings import Settings
from services.sources import store
from services.sources.records import SourceKind, SourceState
from tests.support.api import Api
from tests.support.prometheus import ROOT, free_port
from tests.support.sources import HERE, add_source, atom, fetch_settings, run_due, state_of, stored_articles
from tests.support.web_server import Reply, run_web_server

Serve = Callable[..., Api]


@contextmanager
def run_hub(directory: Path, algorithm: str = "sha512") -> Iterator[httpx.Client]:
    """Run a publisher with its hub until the end of the block."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.websub_hub", str(port), str(directory / "hub.db"), algorithm]
    with (directory / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        transport = httpx.HTTPTransport(retries=9)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=20) as client:
            while True:
                try:
                    client.get("/feed.atom")
                    break
                except httpx.ConnectError:
                    assert process.poll() is None, (directory / "hub.log").read_text()
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


def reachable(api: Api, **values: object) -> Settings:
    return fetch_settings(api={"public_url": f"http://127.0.0.1:{api.port}"}, sources=values)


@pytest.mark.parametrize("algorithm", ["sha1", "sha512"])
def test_subscription_is_verified_pushed_to_renewed_and_ended(
    sqlite_database: Database, serve: Serve, tmp_path: Path, algorithm: str
) -> None:
    api = serve(sqlite_database)
    with run_hub(tmp_path, algorithm) as hub:
        source = add_source(sqlite_database, SourceKind.WEBSUB, str(hub.base_url.join("/feed.atom")))
        settings = reachable(api, lease_s=86_400)
        run_due(sqlite_database, settings)
        state = state_of(sqlite_database, source)
        assert (state.state, state.failures, state.hub) == (SourceState.ACTIVE, 0, str(hub.base_url.join("/hub")))
        assert state.lease_until is not None
        assert timedelta(hours=23) < state.lease_until - datetime.now(UTC) <= timedelta(days=1)
        assert state.next_at is not None
        assert state.next_at < state.lease_until, "the lease is renewed before it ends"

        hub.post("/publish", content=atom(("1", "First"), ("2", "Second"))).raise_for_status()
        assert [title for _, title in stored_articles(sqlite_database)] == ["First", "Second"]

        run_due(sqlite_database, settings)
        renewed = state_of(sqlite_database, source)
        assert (renewed.state, renewed.failures) == (SourceState.ACTIVE, 0)
        assert renewed.lease_until is not None
        assert renewed.lease_until > state.lease_until
        assert len(stored_articles(sqlite_database)) == 2, "the renewal read the topic again"

        assert store.remove(sqlite_database, "wire", source.id, local()) is not None
        run_due(sqlite_database, settings)
        assert store.list_sources(sqlite_database, "wire") == []
        assert hub.get("/subscriptions").json() == []


def test_what_was_published_before_the_subscription_is_read(
    sqlite_database: Database, serve: Serve, tmp_path: Path
) -> None:
    api = serve(sqlite_database)
    with run_hub(tmp_path) as hub:
        hub.post("/publish", content=atom(("1", "First")))
        add_source(sqlite_database, SourceKind.WEBSUB, str(hub.base_url.join("/feed.atom")))
        run_due(sqlite_database, reachable(api))
    assert stored_articles(sqlite_database) == [("1", "First")]


def test_hub_is_told_that_a_subscription_is_gone_and_forgets_it(
    sqlite_database: Database, serve: Serve, tmp_path: Path
) -> None:
    api = serve(sqlite_database)
    with run_hub(tmp_path) as hub:
        source = add_source(sqlite_database, SourceKind.WEBSUB, str(hub.base_url.join("/feed.atom")))
        run_due(sqlite_database, reachable(api))
        assert len(hub.get("/subscriptions").json()) == 1
        store.change(sqlite_database, "wire", source.id, {"paused": True}, local())
        hub.post("/publish", content=atom(("1", "First")))
        assert hub.get("/subscriptions").json() == [], "410 ends the subscription"
        store.change(sqlite_database, "wire", source.id, {"paused": False}, local())
        run_due(sqlite_database, reachable(api))
        assert state_of(sqlite_database, source).state is SourceState.ACTIVE
    assert stored_articles(sqlite_database) == [("1", "First")], "what was missed is read from the topic"


def test_push_with_a_wrong_signature_is_acknowledged_and_ignored(sqlite_api: Api, sqlite_database: Database) -> None:
    source = add_source(sqlite_database, SourceKind.WEBSUB, "https://news.example/feed")
    path = f"/v1/push/websub/{source.callback}"
    client = sqlite_api.client_of(None)
    for headers in ({}, {"X-Hub-Signature": "sha256=00"}):
        assert client.post(path, content=atom(("1", "First")), headers=headers).status_code == 202
    sqlite_api.app.state.services.recorder.flush()
    assert stored_articles(sqlite_database) == []
    details = {refusal.detail for refusal in refusals.list_refusals(sqlite_database, "wire", 9)}
    assert details == {"X-Hub-Signature: is missing", "the hub's signature is wrong"}


def test_only_wanted_subscriptions_are_confirmed(sqlite_api: Api, sqlite_database: Database) -> None:
    source = add_source(sqlite_database, SourceKind.WEBSUB, "https://news.example/feed")
    client = sqlite_api.client_of(None)

    def ask(callback: str | None, mode: str = "subscribe", topic: str = "https://news.example/feed") -> httpx.Response:
        query = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": "abc", "hub.lease_seconds": "60"}
        return client.get(f"/v1/push/websub/{callback}", params=query)

    assert ask(source.callback).status_code == 404, "nothing was asked of a hub yet"
    with run_web_server(lambda _request: Reply(atom(links=LINKS))) as web:
        _ask_hub(sqlite_database, source.id, web.url("/feed"))
    assert ask("unknown").status_code == 404
    assert ask(source.callback, topic="https://other.example/").status_code == 404
    assert ask(source.callback, "unsubscribe", TOPIC).status_code == 404
    confirmed = ask(source.callback, topic=TOPIC)
    assert (confirmed.status_code, confirmed.text) == (200, "abc")
    assert confirmed.headers["content-type"].startswith("text/plain")
    denied = client.get(
        f"/v1/push/websub/{source.callback}",
        params={"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "too many"},
    )
    assert denied.status_code == 200
    state = state_of(sqlite_database, source)
    assert (state.state, state.error) == (SourceState.DENIED, "the hub denied the subscription: too many")


TOPIC = "https://news.example/atom.xml"
LINKS = f"<link rel='hub' href='http://127.0.0.1:1/'/><link rel='self' href='{TOPIC}'/>"


def _ask_hub(database: Database, source_id: str, url: str) -> None:
    """Ask a hub that does not answer to push the topic."""
    with database.write() as connection:
        connection.execute(update(sources).where(sources.c.id == source_id).values(url=url))
    settings = Settings(outbound=HERE, sources={"robots": False}, api={"public_url": "http://127.0.0.1:1"})
    run_due(database, settings)


def test_hub_that_does_not_answer_and_topic_without_hub_are_failures(sqlite_database: Database) -> None:
    settings = Settings(outbound=HERE, sources={"robots": False}, api={"public_url": "http://127.0.0.1:1"})
    with run_web_server(lambda request: Reply(atom(links=LINKS if request.path == "/hub" else ""))) as web:
        with_hub = add_source(sqlite_database, SourceKind.WEBSUB, web.url("/hub"))
        without = add_source(sqlite_database, SourceKind.WEBSUB, web.url("/none"))
        run_due(sqlite_database, settings)
    assert (state_of(sqlite_database, with_hub).error or "").startswith("the hub http://127.0.0.1:1/: ")
    assert "names no hub; add it as a polled address instead" in (state_of(sqlite_database, without).error or "")
