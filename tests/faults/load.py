"""An upstream feed that works unattended: it pushes until it is told that an article was taken in, whatever happens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

from tests.faults.deployment import until
from tests.faults.entry import Trigger

LOT = 25
_STEADY_EACH = 10  # so many articles apart are those that take longer: there is always one at hand
_AGAIN_S = 0.1


def story(number: int, extra: str = "") -> str:
    """A short article with something to find, told apart from all others by its number."""
    if not extra and number % _STEADY_EACH == 0:
        extra = Trigger.STEADY
    text = (
        f"Harbour Minister Ana Ruiz said on Monday that plan {number} of Tarva Bank was “reckless”.\n\n"
        f"“We will not pay for pier {number},” she told reporters in Orvik. Bank chairman Nils Aune rejected the criticism. "
        f"According to the Port Authority, pier {number} would cost 40 million euros. {extra}"
    )
    return text.rstrip()


class Load(threading.Thread):
    """Pushes ``count`` articles of one feed: the first half at once, the rest spread over ``spread_s``."""

    def __init__(self, url: str, feed: str, count: int, spread_s: float) -> None:
        super().__init__(name=f"load-{feed}", daemon=True)
        self.feed = feed
        self.count = count
        self.answered: dict[str, UUID] = {}
        self.tried_again = 0
        self.statuses: set[int] = set()
        self.defects: list[str] = []
        self._spread_s = spread_s
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self._giving_up = threading.Event()

    def run(self) -> None:
        lots = list(self._lots())
        first = len(lots) // 2
        pause = self._spread_s / max(1, len(lots) - first)
        for place, lot in enumerate(lots):
            if place >= first:
                self._giving_up.wait(pause)
            self._push_until_taken({guid: story(int(guid.rpartition("-")[2])) for guid in lot})

    def stop(self) -> None:
        self._giving_up.set()
        self.join()
        self._client.close()

    def add(self, bodies: dict[str, str]) -> dict[str, UUID]:
        """Push articles of the test's own in one batch, and wait for the answer; returns the jobs by guid."""
        lines = [self._line(guid, body) for guid, body in bodies.items()]
        with httpx.Client(base_url=self._client.base_url, timeout=20, trust_env=False) as client:
            answer = client.post("/v1/articles:batch", content="\n".join(lines)).raise_for_status().json()
        jobs = {guid: UUID(item["job_id"]) for guid, item in zip(bodies, answer["items"], strict=True)}
        self.answered |= jobs
        self.count += len(bodies)
        return jobs

    def taken(self, guid: str, job_id: str) -> None:
        """Note an article that somebody else pushed to this feed, and what it was answered."""
        self.answered[guid] = UUID(job_id)
        self.count += 1

    def insist(self, guid: str, body: str) -> None:
        """Push one article of the test's own until it is taken in."""
        self.count += 1
        self._push_until_taken({guid: body})

    def wait_taken(self, count: int, seconds: float) -> None:
        until(lambda: len(self.answered) >= count or not self.is_alive(), seconds, f"{count} articles are taken in")

    def _lots(self) -> Iterator[list[str]]:
        """Guids that go together: now a batch, now one alone."""
        guids = [f"{self.feed}-{number}" for number in range(self.count)]
        while guids:
            size = LOT if len(guids) % LOT else 1
            yield guids[:size]
            del guids[:size]

    def _line(self, guid: str, body: str) -> str:
        return json.dumps({"feed": self.feed, "guid": guid, "version": "1", "language": "en", "body": body})

    def _push_until_taken(self, bodies: dict[str, str]) -> None:
        guids, lines = list(bodies), [self._line(guid, body) for guid, body in bodies.items()]
        while not self._giving_up.is_set():
            try:
                items = self._push(lines)
            except httpx.HTTPError:  # refused, reset, cut off, too late: what became of it, the feed cannot know
                items = []
            taken = {guid: UUID(item["job_id"]) for guid, item in zip(guids, items, strict=False) if item.get("job_id")}
            for guid, job_id in taken.items():
                if self.answered.setdefault(guid, job_id) != job_id:
                    self.defects.append(f"{guid} was answered with two jobs")
            if len(taken) == len(guids):
                return
            self.tried_again += 1
            time.sleep(_AGAIN_S)

    def _push(self, lines: list[str]) -> list[dict[str, Any]]:
        if len(lines) == 1:
            answer = self._client.post("/v1/articles", content=lines[0], headers={"Content-Type": "application/json"})
        else:
            answer = self._client.post("/v1/articles:batch", content="\n".join(lines))
        self.statuses.add(answer.status_code)
        if answer.status_code in {200, 202}:
            body = answer.json()
            items: list[dict[str, Any]] = body["items"] if "items" in body else [{"job_id": body["id"]}]
            return items
        if answer.status_code not in {429, 503}:
            self.defects.append(f"answered with {answer.status_code}: {answer.text[:200]}")
        elif "Retry-After" not in answer.headers or answer.headers["Content-Type"] != "application/problem+json":
            self.defects.append(f"{answer.status_code} without Retry-After or problem: {answer.text[:200]}")
        return []
