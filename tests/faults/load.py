"""An unattended upstream feed: it repeats each push until the article is accepted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

from tests.faults.deployment import wait_until
from tests.faults.fault_injection import Trigger
from tests.support.tls import TLS

BATCH = 25
_STEADY_EVERY = 10  # every tenth article takes longer, so that at any time one is being analysed
_RETRY_S = 0.1


def story(number: int, extra: str = "") -> str:
    """Return a short article with attributions and stances; the number makes its text unique."""
    if not extra and number % _STEADY_EVERY == 0:
        extra = Trigger.STEADY
    text = (
        f"Harbour Minister Ana Ruiz said on Monday that plan {number} of Tarva Bank was “reckless”.\n\n"
        f"“We will not pay for pier {number},” she told reporters in Orvik. "
        "Bank chairman Nils Aune rejected the criticism. "
        f"According to the Port Authority, pier {number} would cost 40 million euros. {extra}"
    )
    return text.rstrip()


class Load(threading.Thread):
    """Pushes ``count`` articles of one feed: the first half at once, the rest spread over ``spread_s``.

    ``accepted`` has the job of each accepted article by its guid; ``defects`` are answers that break a promise of the
    API.
    """

    def __init__(self, url: str, feed: str, count: int, spread_s: float) -> None:
        super().__init__(name=f"load-{feed}", daemon=True)
        self.feed = feed
        self.count = count
        self.accepted: dict[str, UUID] = {}
        self.retries = 0
        self.statuses: set[int] = set()
        self.defects: list[str] = []
        self._spread_s = spread_s
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False, verify=TLS)
        self._stopping = threading.Event()

    def run(self) -> None:
        pushes = list(self._guids_by_push())
        first_half = len(pushes) // 2
        pause = self._spread_s / max(1, len(pushes) - first_half)
        for index, guids in enumerate(pushes):
            if index >= first_half:
                self._stopping.wait(pause)
            self._push_until_accepted({guid: self.body(int(guid.rpartition("-")[2])) for guid in guids})

    def body(self, number: int) -> str:
        """Return the text of the article with this number."""
        return story(number)

    def stop(self) -> None:
        self._stopping.set()
        if self.ident is not None:
            self.join()
        self._client.close()

    def push_batch(self, bodies: dict[str, str]) -> dict[str, UUID]:
        """Push additional articles, given by guid, in one batch; return their jobs by guid."""
        lines = [self._line(guid, body) for guid, body in bodies.items()]
        with httpx.Client(base_url=self._client.base_url, timeout=20, trust_env=False, verify=TLS) as client:
            answer = client.post("/v1/articles:batch", content="\n".join(lines)).raise_for_status().json()
        jobs = {guid: UUID(item["job_id"]) for guid, item in zip(bodies, answer["items"], strict=True)}
        self.accepted |= jobs
        self.count += len(bodies)
        return jobs

    def record_accepted(self, guid: str, job_id: str) -> None:
        """Add an article that another client pushed to this feed."""
        self.accepted[guid] = UUID(job_id)
        self.count += 1

    def push_until_accepted(self, guid: str, body: str) -> None:
        """Push one additional article until it is accepted."""
        self.count += 1
        self._push_until_accepted({guid: body})

    def wait_accepted(self, count: int, seconds: float) -> None:
        wait_until(
            lambda: len(self.accepted) >= count or not self.is_alive(), seconds, f"{count} articles are accepted"
        )

    def _guids_by_push(self) -> Iterator[list[str]]:
        """Yield the guids of each push: batches and single articles in turn."""
        guids = [f"{self.feed}-{number}" for number in range(self.count)]
        while guids:
            size = BATCH if len(guids) % BATCH else 1
            yield guids[:size]
            del guids[:size]

    def _line(self, guid: str, body: str) -> str:
        return json.dumps({"feed": self.feed, "guid": guid, "version": "1", "language": "en", "body": body})

    def _push_until_accepted(self, bodies: dict[str, str]) -> None:
        guids, lines = list(bodies), [self._line(guid, body) for guid, body in bodies.items()]
        while not self._stopping.is_set():
            try:
                items = self._push(lines)
            except httpx.HTTPError:  # refused, reset, cut off or timed out: the feed cannot know the outcome
                items = []
            jobs = {guid: UUID(item["job_id"]) for guid, item in zip(guids, items, strict=False) if item.get("job_id")}
            for guid, job_id in jobs.items():
                if self.accepted.setdefault(guid, job_id) != job_id:
                    self.defects.append(f"{guid} was answered with two jobs")
            if len(jobs) == len(guids):
                return
            self.retries += 1
            time.sleep(_RETRY_S)

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
