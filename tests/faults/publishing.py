"""A newsroom that pushes stories with the Python client, corrects some, kills some, and remembers all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID

from services.client import Article, Client, ConnectionFailed, Refused, ServerError
from tests.faults.load import story

T = TypeVar("T")
_CORRECTED = 5  # every fifth story gets a second version
_WITHDRAWN = 5  # every fifth, another one, is withdrawn or canceled
_AGAIN_S = 0.2


@dataclass
class Story:
    """A story with the jobs of its versions, by article."""

    guid: str
    jobs: dict[UUID, UUID] = field(default_factory=dict)
    killed: str = ""  # how, in words


class Publisher(threading.Thread):
    """Pushes ``per_s`` stories a second until it is stopped. A request that fails is sent again until it succeeds."""

    def __init__(self, client: Client, feed: str, per_s: float) -> None:
        super().__init__(name="publisher", daemon=True)
        self.stories: list[Story] = []
        self.failures = 0  # requests that the client gave up
        self.defect = ""
        self._client = client
        self._feed = feed
        self._pause_s = 1 / per_s
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopping.wait(self._pause_s):
                self.publish()
                number = len(self.stories) - 1
                if number % _CORRECTED == 3:
                    self._push(self.stories[number - 2], "2", "The port authority later added details.")
                if number % _WITHDRAWN == 4:
                    self._kill(self.stories[number - 1 - number // 5 % 3], number)
        except Exception as error:  # noqa: BLE001 -- the audit names it
            self.defect = f"{type(error).__name__}: {error}"

    def stop(self) -> None:
        """Stop after the request at hand has succeeded."""
        self._stopping.set()
        self.join()

    def publish(self) -> Story:
        """Push one new story."""
        number = len(self.stories)
        published = Story(f"{self._feed}-{number}")
        self._push(published, "1", "")
        self.stories.append(published)
        return published

    def _push(self, pushed: Story, version: str, more: str) -> None:
        body = f"{story(int(pushed.guid.rpartition('-')[2]))} {more}".rstrip()
        self._send(pushed, Article(feed=self._feed, guid=pushed.guid, version=version, language="en", body=body))

    def _kill(self, killed: Story, number: int) -> None:
        """Withdraw a story through the API, or push its cancellation."""
        if number // _WITHDRAWN % 2:
            killed.killed = "canceled"
            canceled = Article(feed=self._feed, guid=killed.guid, version="9", pubstatus="canceled")
            self._send(Story(killed.guid), canceled)
            return
        killed.killed = "withdrawn"
        for article_id in killed.jobs:
            self._repeat(partial(self._client.withdraw, article_id))

    def _send(self, pushed: Story, article: Article) -> None:
        job = self._repeat(partial(self._client.push, article))
        pushed.jobs[job.metadata.article_id] = job.id

    def _repeat(self, call: Callable[[], T]) -> T:
        while True:
            try:
                return call()
            except (ConnectionFailed, Refused, ServerError):
                self.failures += 1
                time.sleep(_AGAIN_S)
