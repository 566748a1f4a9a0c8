"""The load on the service: rounds of batches, and single pushes at a steady rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from sqlalchemy import ColumnElement, func, select

from services.contracts import FINAL_STATES, Article
from services.database.engine import Database
from services.database.tables import articles as articles_table
from services.database.tables import jobs, results

_BATCH: Final = 300  # articles
_POLL_S: Final = 0.05
_STALLED_S: Final = 120  # without a finished job
_FEED: Final = "bench"


class Stalled(Exception):
    """The service no longer finishes jobs."""


@dataclass(frozen=True, slots=True)
class ServiceRound:
    """A round of the whole service: articles, and seconds until all were accepted and until all were finished."""

    articles: int
    accept_s: float
    seconds: float


@dataclass(slots=True)
class Load:
    """Pushes articles, each with a guid of its own in a feed of its phase, and keeps count of those accepted."""

    url: str
    key: str
    database: Database
    accepted: int = 0
    pushed_bytes: list[int] = field(default_factory=list)  # of each article of the rounds

    def round(self, articles: Sequence[Article], number: int) -> ServiceRound:
        """Push the articles in batches and wait until all are finished."""
        feed = f"{_FEED}-round-{number}"
        lines = [_line(article, feed, index) for index, article in enumerate(articles)]
        self.pushed_bytes += [len(line) for line in lines]
        began = time.perf_counter()
        self._push_batches(lines)
        accept_s = time.perf_counter() - began
        self.wait(feed, len(lines))
        return ServiceRound(len(lines), accept_s, time.perf_counter() - began)

    def backlog(self, articles: Sequence[Article], count: int) -> None:
        """Push ``count`` articles, so that all workers are busy, and do not wait."""
        self._push_batches(
            [_line(articles[index % len(articles)], f"{_FEED}-backlog", index) for index in range(count)]
        )

    def _push_batches(self, lines: Sequence[bytes]) -> None:
        with httpx.Client(base_url=self.url, timeout=120, headers=self._headers(), trust_env=False) as client:
            for start in range(0, len(lines), _BATCH):
                answer = client.post("/v1/articles:batch", content=b"\n".join(lines[start : start + _BATCH]))
                self.accepted += sum(item["status"] == _ACCEPTED for item in answer.raise_for_status().json()["items"])

    def steady(self, articles: Sequence[Article], phase: str, per_s: float, seconds: float) -> list[float]:
        """Push single articles at a steady rate, whether or not earlier ones were answered; return seconds of each.

        A push is timed from the moment when it was due, so that a pause of the service counts for all that fell in it.
        """
        count = max(1, int(per_s * seconds))
        lines = [_line(articles[index % len(articles)], f"{_FEED}-{phase}", index) for index in range(count)]
        return asyncio.run(self._push_steadily(lines, 1 / per_s))

    async def _push_steadily(self, lines: Sequence[bytes], interval_s: float) -> list[float]:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        headers = self._headers() | {"Content-Type": "application/json"}
        async with httpx.AsyncClient(
            base_url=self.url, timeout=60, headers=headers, limits=limits, trust_env=False
        ) as client:

            async def push(line: bytes, due: float) -> float:
                (await client.post("/v1/articles", content=line)).raise_for_status()
                return time.perf_counter() - due

            began = time.perf_counter()
            pushes = []
            for number, line in enumerate(lines):
                due = began + number * interval_s
                await asyncio.sleep(due - time.perf_counter())
                pushes.append(asyncio.create_task(push(line, due)))
            latencies = await asyncio.gather(*pushes)
        self.accepted += len(latencies)
        return latencies

    def wait(self, feed: str, count: int) -> None:
        """Wait until ``count`` jobs of a feed are finished. Raises `Stalled`."""
        self._wait((jobs.c.feed == feed) & jobs.c.state.in_(FINAL_STATES), count)

    def wait_for_all(self) -> None:
        """Wait until everything that was accepted is finished. Raises `Stalled`."""
        self._wait(jobs.c.feed.startswith(_FEED) & jobs.c.state.in_(FINAL_STATES), self.accepted)

    def _wait(self, finished: ColumnElement[bool], count: int) -> None:
        done, changed_at = -1, time.monotonic()
        while True:
            now_done = self._scalar(select(func.count()).select_from(jobs).where(finished))
            if now_done >= count:
                return
            if now_done != done:
                done, changed_at = now_done, time.monotonic()
            elif time.monotonic() - changed_at > _STALLED_S:
                raise Stalled(f"{now_done} of {count} jobs are finished, and none in the last {_STALLED_S} s")
            time.sleep(_POLL_S)

    def latencies(self, phase: str) -> list[float]:
        """Return the seconds from acceptance to the end of each job of a phase, by the database's clock."""
        duration = select(jobs.c.finished_at - jobs.c.created_at).where(
            jobs.c.feed == f"{_FEED}-{phase}", jobs.c.finished_at.is_not(None)
        )
        with self.database.read() as connection:
            return [milliseconds / 1000 for milliseconds in connection.execute(duration).scalars()]

    def lost(self) -> int:
        """Return how many accepted articles have no final state."""
        ours = jobs.c.feed.startswith(_FEED)
        return self.accepted - self._scalar(
            select(func.count()).select_from(jobs).where(ours & jobs.c.state.in_(FINAL_STATES))
        )

    def doubled(self) -> int:
        """Return how many results there are beyond one for each article that was pushed."""
        ours = articles_table.c.feed.startswith(_FEED)
        joined = results.join(jobs, jobs.c.id == results.c.job_id).join(
            articles_table, articles_table.c.id == jobs.c.article_id
        )
        stored = self._scalar(select(func.count()).select_from(joined).where(ours))
        pushed = select(articles_table.c.feed, articles_table.c.guid).select_from(joined).where(ours).distinct()
        return stored - self._scalar(select(func.count()).select_from(pushed.subquery()))

    def result_bytes(self) -> float:
        """Return the mean size of a result document."""
        with self.database.read() as connection:
            mean = connection.execute(select(func.avg(func.length(results.c.document)))).scalar_one()
        return float(mean or 0)

    def _scalar(self, query: Any) -> int:
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


_ACCEPTED: Final = 202


def _line(article: Article, feed: str, index: int) -> bytes:
    """Return the article as JSON, as a new one of this feed."""
    own = {"feed": feed, "guid": f"{index}", "version": None}
    return article.model_copy(update=own).model_dump_json(exclude_none=True).encode()
