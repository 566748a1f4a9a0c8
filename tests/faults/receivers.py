"""Receivers of webhooks, good and bad ones, that note each message and how they answered it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from services.caller import local
from services.contracts.event import CHOSEN_EVENTS
from services.database.engine import Database
from services.settings import Settings
from services.use_cases import webhooks
from services.use_cases.context import UseCaseContext
from tests.support.web_server import Reply, Request, WebServer, run_web_server
from tests.support.webhooks import set_webhook

Answer = Callable[[float], Reply]  # the seconds since the receiver was started
NO_ANSWER = 0  # the status of a message that was not answered in time
_TAKEN = range(200, 300)


@dataclass(frozen=True)
class Message:
    """A request of the deliverer; times in seconds since 1970."""

    id: str
    type: str
    data: dict[str, Any]
    arrived_at: float
    answered_at: float
    status: int

    @property
    def taken(self) -> bool:
        return self.status in _TAKEN

    @property
    def subject(self) -> tuple[str, UUID]:
        """The type of the event, and the job or article that it is about."""
        return self.type, UUID(self.data["article_id" if self.type == "result.withdrawn" else "job_id"])


class Receiver:
    """A receiver with its webhook. ``defects`` are requests that the official package does not verify."""

    def __init__(self, name: str, answer: Answer, *, expects_all: bool) -> None:
        self.name = name
        self.expects_all = expects_all
        self.messages: list[Message] = []
        self.defects: list[str] = []
        self.webhook_id = UUID(int=0)
        self._secret = ""
        self._answer = answer
        self._began = time.time()

    def register(self, database: Database, settings: Settings, url: str) -> None:
        webhook, self._secret = webhooks.create(
            UseCaseContext(database, settings),
            url=url,
            description=self.name,
            events=CHOSEN_EVENTS,
            feeds=None,
            caller=local(),
        )
        self.webhook_id = webhook.id

    def reply(self, request: Request) -> Reply:
        arrived_at = time.time()
        try:
            event = Verifier(self._secret).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            self.defects.append(str(error))
            return Reply(status=400)
        reply = self._answer(arrived_at - self._began)
        message_id = request.headers["webhook-id"]
        self.messages.append(Message(message_id, event["type"], event["data"], arrived_at, time.time(), reply.status))
        return Reply(status=204) if reply.status == NO_ANSWER else reply

    @property
    def taken(self) -> list[Message]:
        return [message for message in self.messages if message.taken]


@dataclass
class Receivers:
    """Every kind of receiver. ``forbidden`` are servers that nothing may reach."""

    working: list[Receiver]
    gone: Receiver
    redirecting: Receiver
    private: Receiver
    forbidden: dict[str, WebServer]

    @property
    def all(self) -> list[Receiver]:
        return [*self.working, self.gone, self.redirecting, self.private]


def _always(status: int) -> Answer:
    return lambda _elapsed: Reply(status=status)


def _fails_until(seconds: float) -> Answer:
    return lambda elapsed: Reply(status=500 if elapsed < seconds else 204)


def _hangs_until(seconds: float, timeout_s: float) -> Answer:
    def answer(elapsed: float) -> Reply:
        if elapsed >= seconds:
            return Reply(status=204)
        time.sleep(2 * timeout_s)
        return Reply(status=NO_ANSWER)

    return answer


@contextmanager
def run_receivers(database: Database, settings: Settings, bad_s: float) -> Iterator[Receivers]:
    """Run the receivers, registered in the ledger; those that recover do so after ``bad_s`` seconds."""
    with ExitStack() as stack:

        def run(name: str, answer: Answer, *, expects_all: bool = True) -> Receiver:
            receiver = Receiver(name, answer, expects_all=expects_all)
            web = stack.enter_context(run_web_server(receiver.reply))
            receiver.register(database, settings, web.url("/hook"))
            return receiver

        target = stack.enter_context(run_web_server())
        hidden = stack.enter_context(run_web_server(address="127.0.0.2"))
        working = [
            run("good", _always(204)),
            run("good, another", _always(200)),
            run("fails at first", _fails_until(bad_s)),
            run("hangs at first", _hangs_until(bad_s, settings.webhooks.timeout_s)),
        ]
        elsewhere = Reply(status=307, headers={"Location": target.url("/elsewhere")})
        redirecting = run("redirects", lambda _elapsed: elsewhere, expects_all=False)
        private = run("private address", _always(204), expects_all=False)
        # As if the name now led elsewhere: the address itself is refused when a webhook is made.
        set_webhook(database, private.webhook_id, url=hidden.url("/hook"))
        gone = run("gone", _always(410), expects_all=False)
        yield Receivers(working, gone, redirecting, private, {"redirect's target": target, "private address": hidden})


def repeats(receiver: Receiver) -> list[tuple[Message, Message]]:
    """Return each message that was taken, with the later message of the same ID, if one came."""
    first: dict[str, Message] = {}
    pairs = []
    for message in sorted(receiver.messages, key=lambda each: each.arrived_at):
        if message.id in first:
            pairs.append((first[message.id], message))
        elif message.taken:
            first[message.id] = message
    return pairs


def doubled_subjects(receiver: Receiver) -> Collection[tuple[str, UUID]]:
    """Return what was reported under more than one ID."""
    ids: dict[tuple[str, UUID], set[str]] = {}
    for message in receiver.messages:
        ids.setdefault(message.subject, set()).add(message.id)
    return [subject for subject, known in ids.items() if len(known) > 1]
