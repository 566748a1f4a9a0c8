"""Receivers of webhooks that check each message with the official package, and a deliverer in a thread."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook as Verifier

from services.caller import Caller, local
from services.contracts.event import CHOSEN_EVENTS, EventType
from services.database.engine import Database
from services.database.tables import deliveries, webhooks
from services.settings import Settings
from services.use_cases import webhooks as use_case
from services.use_cases.context import UseCaseContext
from services.webhooks import deliveries as delivery_store
from services.webhooks.deliverer import Deliverer
from services.webhooks.records import Delivery, Webhook
from tests.support.ledger import article, push
from tests.support.web_server import Reply, Request, WebServer, run_web_server

# For tests of receivers, which do not depend on the kind of database.
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
LOOPBACK = {"allow_networks": "127.0.0.1"}
QUICK = {"plain_http": True, "timeout_s": 1, "backoff_s": 0.05, "backoff_max_s": 0.1, "poll_s": 0.05}


def webhook_settings(outbound: dict[str, Any] | None = None, **limits: Any) -> Settings:
    """Return settings under which receivers on loopback are sent to, and repeated soon."""
    return Settings(webhooks={**QUICK, **limits}, outbound=LOOPBACK if outbound is None else outbound)


def add_webhook(
    database: Database,
    url: str,
    *,
    events: Collection[EventType] = CHOSEN_EVENTS,
    feeds: Collection[str] | None = None,
    by: Caller | None = None,
) -> tuple[Webhook, str]:
    """Create a webhook and return it with its secret."""
    context = UseCaseContext(database, webhook_settings())
    return use_case.create(context, url=url, description="", events=events, feeds=feeds, caller=by or local())


class Receiver:
    """A receiver that answers as ``answer`` says. ``messages`` are the bodies that it took, verified."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret
        self.answer: Callable[[Request], Reply] = lambda _request: Reply(status=204)
        self.seen: list[str] = []  # IDs of all requests
        self.messages: list[dict[str, Any]] = []
        self.web: WebServer | None = None
        self.webhook_id = UUID(int=0)

    @property
    def url(self) -> str:
        assert self.web is not None
        return self.web.url("/hook")

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]

    def reply(self, request: Request) -> Reply:
        self.seen.append(request.headers["webhook-id"])
        reply = self.answer(request)
        if reply.status < 300:
            self.messages.append(Verifier(self.secret).verify(request.body, dict(request.headers)))
        return reply


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with run_web_server(receiver.reply) as web:
        receiver.web = web
        yield receiver


@contextmanager
def run_deliverer(database: Database, settings: Settings | None = None) -> Iterator[Deliverer]:
    """Deliver in a thread until the end of the block."""
    deliverer, stopping = Deliverer(database, settings or webhook_settings()), threading.Event()
    thread = threading.Thread(target=deliverer.run, args=(stopping,), daemon=True)
    thread.start()
    try:
        yield deliverer
    finally:
        stopping.set()
        thread.join(timeout=20)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def set_webhook(database: Database, webhook_id: UUID, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


def set_deliveries(database: Database, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(deliveries).values(**values))


def push_job(database: Database, body: str = "The minister said no.", **fields: str) -> UUID:
    return push(database, article(body, **fields))[0].job_id


def kept(database: Database, webhook_id: UUID) -> list[Delivery]:
    return delivery_store.list_deliveries(database, webhook_id, local(), limit=100)


def states(database: Database, webhook_id: UUID) -> Counter[str]:
    return Counter(delivery.state.value for delivery in kept(database, webhook_id))
